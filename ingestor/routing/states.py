"""Rows for topics that tell whether a device is there, compiled; and what their messages say."""

from collections.abc import Callable, Mapping, Sequence

from ingestor.config import Route, StateOf
from ingestor.ports import IGNORED, Decoder, DeviceLog, Flaw, Message, Point, Reason
from ingestor.routing.decoder import RefusedTopic, refused
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.path import Path
from ingestor.routing.route import Compiled, Shared
from ingestor.routing.topic import NamePattern, Template
from ingestor.routing.words import shorten, show


def compile_states(row: Route, shared: Shared) -> Compiled:
    """The route of a row with `state`.

    Raises:
        ValueError: The row cannot work; it says why.
    """
    template = Template.parse(row.topic)
    device = NamePattern.parse(row.device or "")
    if unknown := sorted(device.names - set(template.captures)):
        raise ValueError(f"device: {{{unknown[0]}}} is not a level of the topic")
    rule = row.state
    assert rule is not None  # noqa: S101 - what makes the row one of states
    path = None if rule.path is None else Path.parse(rule.path)
    decompress = None if row.compression == "none" else decompressor(row.compression, limit=shared.max_payload)

    def bind(captures: Mapping[str, str]) -> Decoder:
        try:
            name = device.fill(captures)
        except KeyError as missing:
            flaw = Flaw(-1, Reason.MISSING, f"the topic has no level for {missing.args[0]}")
            return RefusedTopic(flaw, skips_retained=False)
        return StateDecoder(rule, path=path, decompress=decompress, device=name, log=shared.log)

    return Compiled(template, bind)


class StateDecoder:
    """Messages that say whether a device is there. Those that the broker kept say so, too.

    Args:
        rule: Which words say what.
        path: Where the word stands in an object or list; None where it is always all that the payload says.
        decompress: From the bytes that came to those that were written; None where they are the same.
        device: Which device.
        log: Who is told.
    """

    skips_retained = False

    def __init__(
        self,
        rule: StateOf,
        *,
        path: Path | None,
        decompress: Callable[[bytes], bytes] | None,
        device: str,
        log: DeviceLog | None,
    ) -> None:
        self._words = {word.lower(): True for word in rule.online} | {word.lower(): False for word in rule.offline}
        self._path = path
        self._decompress = decompress
        self._device = device
        self._log = log

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        if not message.payload:
            return IGNORED  # the broker forgets what it kept
        try:
            said = self._said(message.payload)
        except UnreadableError as error:
            return (refused(error),)
        online = self._words.get(str(said).strip().lower()) if isinstance(said, str | bool | int) else None
        if online is None:
            known = ", ".join(sorted(self._words))
            return (Flaw(-1, Reason.TYPE, shorten(f"the state is {show(said)}, where one of {known} belongs")),)
        if self._log is not None:
            self._log.state(self._device, message.received_ns, online=online)
        return IGNORED

    def _said(self, payload: bytes) -> object:
        """The word. One that is all of the payload is it, whatever the path: devices that send objects now did so."""
        plain = payload if self._decompress is None else self._decompress(payload)
        try:
            words = plain.decode()
        except UnicodeDecodeError as wrong:
            raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong
        if self._path is None or not words.lstrip().startswith(("{", "[")):
            return words
        document = JsonFormat().load(plain)
        return self._path.find(document, document)
