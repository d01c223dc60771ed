"""Rows for topics that tell whether a device is there, compiled."""

from collections.abc import Mapping

from ingestor.config import Route
from ingestor.ports import Decoder, Flaw, Reason
from ingestor.routing.decoder import RefusedTopic, StateDecoder
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.path import Path
from ingestor.routing.route import Compiled, Shared
from ingestor.routing.topic import NamePattern, Template


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
    load = _words if path is None else _words_or_document
    decompress = None if row.compression == "none" else decompressor(row.compression, limit=shared.max_payload)

    def bind(captures: Mapping[str, str]) -> Decoder:
        try:
            name = device.fill(captures)
        except KeyError as missing:
            flaw = Flaw(-1, Reason.MISSING, f"the topic has no level for {missing.args[0]}")
            return RefusedTopic(flaw, skips_retained=False)
        return StateDecoder(
            rule,
            path=path,
            load=load if decompress is None else lambda payload: load(decompress(payload)),
            device=name,
            log=shared.log,
        )

    return Compiled(template, bind)


def _words(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as wrong:
        raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong


def _words_or_document(payload: bytes) -> object:
    """An object or list; anything else is the word itself: devices that send objects today sent words before."""
    words = _words(payload)
    return JsonFormat().load(payload) if words.lstrip().startswith(("{", "[")) else words
