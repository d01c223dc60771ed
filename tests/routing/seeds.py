"""Routes of every format beside payloads that they read: made up, and those of real devices in `tests/data`."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import cbor2
import msgpack
import yaml
import zstandard

from ingestor.config import Config
from ingestor.ports import Decoder
from ingestor.routing import RoutingTable
from tests.routing.samples import DATA

MODELS: Final = """
mixed:
  tags: [probe]
  fields:
    temperature: {unit: "°C", min: -40, max: 85}
    count: {type: int, min: 0, max: 1000}
    ok: {type: bool}
    state: {type: text}
    mode: {type: text, choices: [auto, manual]}
needed:
  fields:
    temperature: {min: -40, max: 85, required: true}
    count: {type: int}
number: {fields: {value: {min: -40, max: 85}}}
whole: {fields: {value: {type: int}}}
truth: {fields: {value: {type: bool}}}
text: {fields: {value: {type: text}}}
"""
FLAT: Final[list[object]] = [
    {"temperature": 21.5, "count": 3, "ok": True, "state": "fine", "mode": "auto", "probe": "p1", "ts": 1795521540},
    {"temperature": 20, "count": None, "more": {"a": [1, 2.5, "x", False]}, "ts": 1795521540.123456},
    {"temperature": -40, "probe": "zwölf", "ts": "2026-11-24T11:59:00.123456789Z", "1": 5},
]
NESTED: Final[list[object]] = [
    {"data": {"readings": [{"t": 21.5, "ts": 1795521540123}, {"t": 22, "ts": 1795521541123}], "id": "x"}},
    {"data": {"readings": {"p1": {"t": 21.5, "n": [1, 2]}, "p2": {"t": 1}}, "id": "y"}},
]
CBOR: Final = (
    "a36b74656d7065726174757265c48221196ab3627473c1fb41dac142c107fbe76570726f6265626f6b",
    "a2627473c074323032362d31312d32345431313a35393a30305a6b74656d7065726174757265f94d00",
    "bf6b74656d7065726174757265c2430f424065636f756e74c34101ff",
    "d9d9f7a26b74656d7065726174757265fb40358000000000006573746174657f6161616 2ff".replace(" ", ""),
    "a3016161206162d81c81d81d00d8236528612b292bf7",
)
MSGPACK: Final = (
    "82ab74656d7065726174757265cb4035800000000000a27473d7ff1d6f34546b05d484",
    "84ab74656d7065726174757265ca41ac0000a5737461746 5c40161a1317f01c0".replace(" ", ""),
)
CSV: Final = (
    b'temperature,count,ok,state,probe,ts,more\n21.5,3,true,fine,p1,1795521540,7\n20,,ON,"a ""b""",,1795521541.5,x\n',
    b"\xef\xbb\xbfts,temperature\r\n2026-11-24T11:59:00Z,21.5\r\n1795521540123,nan\r\n1,2,3\r\n",
)
COLUMNS: Final = (b"21.5;3;x\n22;4;y\n", b"1;2\n3;4;5\n")
LINES: Final = (
    b'climate,probe=p\\ 1 temperature=21.5,count=3i,ok=t,state="a \\"b\\"\nc" 1795521540000000000\n',
    b'# comment\n\nm,a=b,c=d temperature=20,mode="auto" 1795521540000000001\nm count=7u\nm broken\n',
)
WORDS: Final = (b"21.5", b"-3", b"7", b"ON", b"false", b"null", b" 1e2\r\n", b"open", "zu heiß".encode())
COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
ENCODE: Final[dict[str, Callable[[object], bytes]]] = {
    "json": lambda value: json.dumps(value).encode(),
    "cbor": cbor2.dumps,
    "msgpack": msgpack.packb,
}
_SHAPES: Final[dict[str, dict[str, Any]]] = {
    "flat": {"time": {"field": "ts"}},
    "strict": {"on_invalid": "reading", "model": "needed", "time": {"field": "ts", "outside": "reject"}},
    "stored": {"unknown": "store"},
    "nested": {
        "each": "data.readings",
        "each_key": "channel",
        "paths": {"temperature": "t", "probe": "$.data.id", "count": "n[1]"},
        "time": {"field": "ts", "unit": "ms"},
    },
}


class Case(NamedTuple):
    """A route, a topic that it takes, payloads that it reads, what they say, and what makes them smaller."""

    decoder: Decoder
    topic: str
    payloads: Sequence[bytes]
    documents: Sequence[Any] = ()
    compress: Callable[[bytes], bytes] | None = None


@cache
def cases(kind: str) -> Sequence[Case]:
    """The routes of a format, or those of a compression."""
    if kind in COMPRESS:
        plain = [_encoded("json", FLAT), list(CSV)]
        rows = [_row(kind, "json", format="json", compression=kind, **_SHAPES["flat"]),
                _row(kind, "csv", format="csv", compression=kind, **_SHAPES["stored"])]  # fmt: skip
        found = _cases(rows, plain)
        return [case._replace(compress=COMPRESS[kind]) for case in found]
    return [*_cases(*_made_up(kind)), *(_devices() if kind == "json" else [])]


KINDS: Final = ("value", "json", "csv", "line", "cbor", "msgpack", *COMPRESS)


def _made_up(kind: str) -> tuple[list[dict[str, Any]], list[list[bytes]]]:
    flat, stored = _SHAPES["flat"], _SHAPES["stored"]
    if kind == "value":
        models = ("number", "whole", "truth", "text")
        return [_row(kind, model, model=model) for model in models], [list(WORDS)] * len(models)
    if kind == "csv":
        fixed = {"csv": {"delimiter": ";", "columns": ["temperature", "count", ""]}}
        return [_row(kind, "flat", **flat), _row(kind, "stored", **stored), _row(kind, "fixed", **fixed)], [
            list(CSV), list(CSV), list(COLUMNS)]  # fmt: skip
    if kind == "line":
        named = {"measurement": "{measurement}", "time": {"field": "time", "unit": "ns"}, **stored}
        return [_row(kind, "flat", **flat), _row(kind, "named", **named)], [list(LINES)] * 2
    raw = [bytes.fromhex(text) for text in {"cbor": CBOR, "msgpack": MSGPACK}.get(kind, ())]
    rows = [_row(kind, name, **shape) for name, shape in _SHAPES.items()]
    return rows, [_encoded(kind, NESTED) if name == "nested" else [*_encoded(kind, FLAT), *raw] for name in _SHAPES]


def _row(kind: str, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - keys of a row
    return {"topic": f"{kind}/{name}", "format": kind, "model": "mixed", "bucket": "B", **more}


def _encoded(kind: str, values: list[object]) -> list[bytes]:
    return [ENCODE[kind](value) for value in values]


def _cases(rows: list[dict[str, Any]], payloads: list[list[bytes]]) -> list[Case]:
    table = RoutingTable(Config.model_validate({"routes": rows, "models": yaml.safe_load(MODELS)}))
    return [_case(table, row["topic"], texts) for row, texts in zip(rows, payloads, strict=True)]


def _case(table: RoutingTable, topic: str, payloads: Sequence[bytes]) -> Case:
    decoder = table.find(topic)
    assert decoder is not None
    kind = topic.partition("/")[0]
    if kind in ENCODE:
        return Case(decoder, topic, payloads, NESTED if topic.endswith("nested") else FLAT)
    return Case(decoder, topic, payloads, [said for said in map(_document, payloads) if said])


def _document(payload: bytes) -> object:
    """The list or object that a payload of a device is; None for a word."""
    try:
        said = json.loads(payload)
    except ValueError:
        return None
    return said if isinstance(said, dict | list) else None


def _devices() -> list[Case]:
    """What real devices send, and their routes."""
    found: list[Case] = []
    for path in sorted([*DATA.glob("presets/*.yaml"), *DATA.glob("routes/*.yaml")]):
        for sample in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            routes = sample.get("routes", [{"preset": path.stem, "bucket": "B"}])
            table = RoutingTable(Config.model_validate({"routes": routes, "models": sample.get("models", {})}))
            found += [
                _case(table, said["topic"], [said["payload"].encode()])
                for said in sample["messages"]
                if table.find(said["topic"]) and "payload" in said
            ]
    return found
