"""An InfluxDB as a few rules: which lines of a request it stores, and what it answers. It never parses a line."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ingestor.ports import FieldType, Point, Value, type_of_value
from ingestor.stores.influxdb.answers import Answer, Dialect

VERSIONS = {Dialect.V1: "1.13.2", Dialect.V2: "v2.8.0", Dialect.V3: "3.0.1"}
SHARD_NS = 10**9
LONGEST = 20
UNPARSABLE, POISON, NAMELESS = "unparsable", "poison", "nameless"
"""Fields that make a line one that does not parse, fails inside the server, or is refused without being named."""
TYPE_NAMES = {FieldType.FLOAT: "float", FieldType.INT: "integer", FieldType.TEXT: "string", FieldType.BOOL: "boolean"}

Refusal = tuple[int, str, Mapping[str, object]]
Key = tuple[str, tuple[tuple[str, str], ...], int]


class ModelServer:
    """One bucket of a server.

    Args:
        dialect: The generation that it belongs to.
        types: What a field of a measurement is in a shard, by (shard, measurement, field); 3 has one shard.
        oldest_ns: What is older is outside the retention.
        max_bytes: Larger bodies are refused.
    """

    def __init__(
        self,
        dialect: Dialect = Dialect.V2,
        *,
        types: Mapping[tuple[int, str, str], FieldType] | None = None,
        oldest_ns: int = 0,
        max_bytes: int | None = None,
    ) -> None:
        self.dialect = dialect
        self.types = dict(types or {})
        self.oldest_ns = oldest_ns
        self.max_bytes = max_bytes
        self.stored: dict[Key, dict[str, Value]] = {}
        self.requests = 0
        self.down = False
        self._points: dict[str, Point] = {}

    def encode(self, point: Point) -> str:
        """The line of a point, with what might confuse a reader of the server's words; remembered."""
        fields = ",".join(f"{name}={value!r}" for name, value in point.fields.items())
        line = f"{point.series.measurement},{point.series.tags} {fields},q=\"': a\nunable to parse '\" {point.time_ns}"
        self._points[line] = point
        return line

    def shard(self, point: Point) -> int:
        """Where the point belongs in time."""
        return 0 if self.dialect is Dialect.V3 else point.time_ns // SHARD_NS

    def conflicts(self, point: Point) -> list[str]:
        """The fields that have another type in the point's shard, in the order of the point."""
        return [name for name, value in point.fields.items() if self._type(point, name) is not _type_of(value)]

    def write(self, lines: Sequence[str]) -> Answer:
        """One request."""
        self.requests += 1
        size = len("\n".join(lines).encode())
        lines = [line for line in lines if line != "#"]
        points = [self._points[line] for line in lines]
        names = {name for point in points for name in point.fields}
        if self.down:
            return self._answer(500, "internal error")
        if self.max_bytes is not None and size > self.max_bytes:
            return self._answer(413, "too large")
        if NAMELESS in names:
            return self._answer(400, "something is wrong")
        bad = [f"unable to parse '{line}': no\tway" for line, point in zip(lines, points, strict=True) if _bad(point)]
        status, words, data = self._refuse_3(points) if self.dialect is Dialect.V3 else self._refuse(bad)
        if not status and POISON in names:
            status, words = 500, "internal error"
        if not status:
            status, words = self._store([point for point in points if not _bad(point)], bad)
        return self._answer(status, words, **data)

    def _refuse(self, bad: Sequence[str]) -> Refusal:
        return (400, "\n".join(bad), {}) if bad and self.dialect is Dialect.V2 else (0, "", {})

    def _store(self, points: Sequence[Point], bad: Sequence[str]) -> tuple[int, str]:
        if self.dialect is Dialect.V3:
            for point in points:
                self._keep(point)
        elif words := self._write_shards(points):
            return 422 if self.dialect is Dialect.V2 else 400, f"partial write: {words} for database: d"
        elif bad:
            joined = "\n".join(bad)
            return 400, f"partial write: {joined} dropped=0"
        return 204, ""

    def _write_shards(self, points: Sequence[Point]) -> str:
        """Store what can be; the words about the first shard with a fault, else about what is too old."""
        there = {self.shard(point) for point in points if point.time_ns >= self.oldest_ns}
        faults = []
        for shard in sorted(there, reverse=True):
            reasons = []
            for point in (point for point in points if self.shard(point) == shard):
                if reason := self._reason(point):
                    reasons.append(reason)
                else:
                    self._keep(point)
            if reasons:
                faults.append(f"{reasons[0]} dropped={len(reasons)}")
        old = sorted((point for point in points if self.shard(point) not in there), key=lambda point: point.time_ns)
        if old and not faults:
            outliers = ", ".join(f"{which} point x at {_text(old[at].time_ns)} {BOUND}" for which, at in ENDS)
            return f"dropped {len(old)} points outside retention policy of duration 1s - {outliers} dropped={len(old)}"
        return faults[0] if faults else ""

    def _reason(self, point: Point) -> str:
        for name, value in point.fields.items():
            place = f"input field {json.dumps(name)} on measurement {json.dumps(point.series.measurement)}"
            if isinstance(value, str) and len(value) > LONGEST:
                return f"{place} is too long, {len(value)} > {LONGEST}"
            known = self._type(point, name)
            if known is not _type_of(value):
                sent = TYPE_NAMES[_type_of(value)]
                return f"field type conflict: {place} is type {sent}, already exists as type {TYPE_NAMES[known]}"
        return ""

    def _refuse_3(self, points: Sequence[Point]) -> Refusal:
        data = []
        for number, point in enumerate(points, 1):
            if _bad(point):
                data.append({"original_line": "…", "line_number": number, "error_message": "no way"})
            elif wrong := self.conflicts(point):
                words = f"invalid column type for column '{wrong[0]}', expected something else"
                data.append({"original_line": "…", "line_number": number, "error_message": words})
        return (400, "parsing failed", {"data": data if len(data) > 1 else data[0]}) if data else (0, "", {})

    def _type(self, point: Point, name: str) -> FieldType:
        where = (self.shard(point), point.series.measurement, name)
        return self.types.setdefault(where, _type_of(point.fields[name]))

    def _keep(self, point: Point) -> None:
        key = (point.series.measurement, point.series.tags, point.time_ns)
        self.stored.setdefault(key, {}).update(point.fields)

    def _answer(self, status: int, words: str, **more: object) -> Answer:
        name = "message" if self.dialect is Dialect.V2 else "error"
        body = json.dumps({name: words, **more}).encode() if words else b""
        return Answer(status, {"x-influxdb-version": VERSIONS[self.dialect]}, body)


BOUND = "dropped because it violates a Retention Policy Lower Bound at 2026-11-24T01:55:43.156246758Z"
ENDS = (("oldest", 0), ("newest", -1))


def merged(points: Iterable[Point], keep: Callable[[int, str], bool]) -> dict[Key, dict[str, Value]]:
    """What a store holds after these points; `keep` says, by index and name, which fields are taken."""
    stored: dict[Key, dict[str, Value]] = {}
    for at, point in enumerate(points):
        fields = {name: value for name, value in point.fields.items() if keep(at, name)}
        if fields:
            stored.setdefault((point.series.measurement, point.series.tags, point.time_ns), {}).update(fields)
    return stored


def _bad(point: Point) -> bool:
    return UNPARSABLE in point.fields


def _type_of(value: Value) -> FieldType:
    return type_of_value[type(value)]


def _text(time_ns: int) -> str:
    whole = datetime.fromtimestamp(time_ns // 10**9, UTC)
    fraction = f"{time_ns % 10**9:09}".rstrip("0")
    return f"{whole:%Y-%m-%dT%H:%M:%S}{fraction and f'.{fraction}'}Z"
