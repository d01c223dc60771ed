"""How the payloads of a topic are written, found out by trying."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from ingestor.config import CsvOf, Route
from ingestor.discovery.leaves import leaves
from ingestor.discovery.sample import Compression, Manner, Reading, Sample
from ingestor.ports import Message
from ingestor.routing.announcements.template import Steps
from ingestor.routing.formats.choice import make_format
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.value import read_word
from sensors import Kind

_MAGIC: Final[Mapping[Compression, Sequence[bytes]]] = {
    "gzip": (b"\x1f\x8b",),
    "zlib": (b"\x78\x01", b"\x78\x9c", b"\x78\xda"),
    "zstd": (b"\x28\xb5\x2f\xfd",),
}
_TRIED: Final = 100
_MAX_DECOMPRESSED: Final = 2**16
_DECOMPRESSED: Final = 16
_MAX_PAYLOAD: Final = 2**20
_DOCUMENTS: Final = ("json", "cbor", "msgpack")
_DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_WORD: Final = 255
_TEXT: Final = Manner("text")
_BOOLS: Final = {"true", "false", "on", "off", "yes", "no"}


def sample(messages: Sequence[Message]) -> Sample | None:
    """Read the messages of one topic; None where most are written in no way that is known, or hold nothing.

    Args:
        messages: At least one.
    """
    said = [message for message in messages if message.payload and len(message.payload) <= _MAX_PAYLOAD]
    compression = _compression(said)
    plain = list(_plain(said, compression))
    manner = _choose([payload for _, payload in plain[:_TRIED]])
    if manner is None:
        return None
    found = Sample(manner._replace(compression=compression))
    reader = _Reader(manner)
    for message, payload in plain:
        found.add(message, list(reader.read(payload)))
    return found if found.spreads else None


def _choose(payloads: Sequence[bytes]) -> Manner | None:
    """What most of the payloads are written in; any words only where nothing else is, as they read everything."""
    half = len(payloads) / 2
    counts = [(_Reader(manner).count(payloads), manner) for manner in _manners(payloads)]
    most = max((count for count, _ in counts), default=0)
    best = next((manner for count, manner in counts if count == most), None)
    words = _Reader(_TEXT).count(payloads)
    values = [reading.own[()] for payload in payloads for reading in _word(payload)]
    has_truths_only = all(isinstance(value, bool) for value in values)
    if best is None or most <= half or (best.format == "value" and most < words and has_truths_only):
        return _TEXT if words > half else None
    return best


def _compression(messages: Sequence[Message]) -> Compression:
    for kind, magic in _MAGIC.items():
        if messages and all(message.payload.startswith(tuple(magic)) for message in messages):
            return kind
    return "none"


def _plain(messages: Sequence[Message], compression: Compression) -> Iterator[tuple[Message, bytes]]:
    """Messages with their payloads, decompressed: those that can be, and only so many that it takes no long time."""
    if compression == "none":
        yield from ((message, message.payload) for message in messages)
        return
    try:
        decompress = decompressor(compression, limit=_MAX_DECOMPRESSED)
    except ValueError:
        return  # the package is not installed
    room = _MAX_DECOMPRESSED * _DECOMPRESSED
    for message in messages:
        try:
            payload = decompress(message.payload)
        except UnreadableError:
            continue
        room -= len(payload)
        if room < 0:
            return
        yield message, payload


def _manners(payloads: Sequence[bytes]) -> Iterator[Manner]:
    """What to try, the likeliest first: of two that read the same number of payloads the first is taken."""
    for name in ("json", "value", "line", "csv", "cbor", "msgpack"):
        if name in _DOCUMENTS:
            reader = _Reader(Manner(name))
            documents = [document for payload in payloads for document in reader.load(payload)]
            if any(isinstance(document, dict | list) for document in documents):
                yield Manner(name, each=_each(documents))
        elif name == "csv":
            yield from (Manner(name, csv=rule) for rule in _csv_rules(payloads))
        else:
            yield Manner(name)


def _each(documents: Sequence[object]) -> Steps | None:
    """The place of the only list of objects in each of them, or their top, where that is a list of numbers."""
    places = [place for document in documents[:50] for place in [_lists(document)] if place is not None]
    found = set(places)
    return found.pop() if len(found) == 1 and len(places) * 2 > min(len(documents), 50) else None


def _lists(document: object, steps: Steps = ()) -> Steps | None:
    if isinstance(document, list):
        kinds = {type(item) for item in document}
        return steps if kinds == {dict} or (not steps and kinds and kinds <= {int, float, bool}) else None
    if not isinstance(document, dict) or len(steps) > 3:
        return None
    found = [
        place
        for key, inner in document.items()
        if isinstance(inner, dict | list) and key and '"' not in key
        for place in [_lists(inner, (*steps, key))]
        if place is not None
    ]
    return found[0] if len(found) == 1 else None


def _csv_rules(payloads: Sequence[bytes]) -> Iterator[CsvOf]:
    """Delimiters, and names of columns where the payloads have none: each line has the same number of cells."""
    lines = [
        line for payload in payloads[:50] for line in payload.decode("utf-8", "replace").splitlines() if line.strip()
    ]
    if any(line.lstrip().startswith("[") for line in lines):
        return  # a list, and not of objects or numbers
    for delimiter in _DELIMITERS:
        widths = {line.count(delimiter) + 1 for line in lines}
        if len(widths) == 1 and (width := widths.pop()) > 1 and width <= 200:
            first = [cell.strip() for cell in lines[0].split(delimiter)]
            if any(isinstance(read_word(cell, Kind.FLOAT), float | int) for cell in first):
                names = tuple(f"column_{at}" for at in range(1, width + 1))
                yield CsvOf(delimiter=delimiter, columns=names)
            else:
                yield CsvOf(delimiter=delimiter)


class _Reader:
    """Reads payloads that are written in one manner; nothing where they are not."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._load: Callable[[bytes], object] | None = None
        if manner.format not in {"value", "text"}:
            row = Route(topic="a", model="a", bucket="a", format=manner.format, csv=manner.csv)
            with suppress(ValueError):  # the package that reads it may not be installed
                self._load = make_format(row, {}, None).load

    def count(self, payloads: Iterable[bytes]) -> int:
        """How many of them have readings."""
        return sum(1 for payload in payloads if any(True for _ in self.read(payload)))

    def load(self, payload: bytes) -> Iterator[object]:
        """What a payload says."""
        if self._load is not None:
            with suppress(UnreadableError):
                yield self._load(payload)

    def read(self, payload: bytes) -> Iterator[Reading]:
        """Its readings."""
        match self._manner.format:
            case "value":
                yield from _word(payload)
            case "text":
                yield from _text(payload)
            case "csv" | "line":
                rows = [row for document in self.load(payload) if isinstance(document, list) for row in document]
                yield from (Reading(leaves(row), {}) for row in rows if isinstance(row, dict))
            case _:
                for document in self.load(payload):
                    yield from _items(document, self._manner.each)


def _items(document: object, each: Steps | None) -> Iterator[Reading]:
    """The readings of a document: it, or the items of its list."""
    if each is None:
        if isinstance(document, dict):
            yield Reading(leaves(document), {})
        return
    items = document
    for step in each:
        items = items.get(step) if isinstance(items, dict) else None
    around = {steps: value for steps, value in leaves(document).items() if steps[: len(each)] != each}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) or not each:
            yield Reading(leaves(item), around)


def _word(payload: bytes) -> Iterator[Reading]:
    """A bare number or truth value, or null."""
    for word in _line(payload):
        if word == "null":
            yield Reading({(): None}, {})
        elif word.lower() in _BOOLS:
            yield Reading({(): read_word(word, Kind.BOOL)}, {})
        elif isinstance(value := read_word(word, Kind.FLOAT), int | float):
            yield Reading({(): value}, {})


def _text(payload: bytes) -> Iterator[Reading]:
    """Any words in one line."""
    yield from (Reading({(): word}, {}) for word in _line(payload) if word.isprintable())


def _line(payload: bytes) -> Iterator[str]:
    with suppress(UnicodeDecodeError):
        word = payload.decode().strip()
        if 0 < len(word) <= _MAX_WORD:
            yield word
