"""Writing from Python."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ingestor
from ingestor import state
from ingestor.encode.types import FieldKey, Registered
from ingestor.errors import BucketError, ConfigError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Point, Reason, Rejection
from ingestor.state import open_state
from ingestor.writer import Report, Writer
from sensors import Measurement, Tag
from sensors.climate import Climate
from tests.stores.reading import read_buckets
from tests.support import run
from tests.writer.rig import AskedStore

LEVEL = ("Farm", "Level", "level")


class Level(Measurement):
    """How full a tank is, as a number."""

    tank: Tag | None = None
    level: float


class Words(Measurement):
    """The same in words, and whether it is open."""

    tank: Tag | None = None
    level: str
    on: bool | None = None


class Rig:
    """A door with a store in memory."""

    def __init__(self, *failures: StoreError, known: dict[FieldKey, Registered] | None = None) -> None:
        self.failures = list(failures)
        self.refused: Sequence[Rejection] = ()
        self.store = AskedStore(self._answer)
        self.writer = Writer("local", self.store, known=known or {}, deadline_secs=0.1, max_points=100)

    def _answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        assert len(points) <= 100
        if self.failures:
            raise self.failures.pop(0)
        return self.refused

    def write(self, *readings: Measurement, measurement: str | None = None, time: int | None = None) -> Report:
        """Write them with a writer that is opened and closed for it."""

        async def main() -> Report:
            async with self.writer:
                return await self.writer.write(readings, bucket="Farm", measurement=measurement, time=time)

        return run(main())


def config(folder: Path, text: str = "") -> Path:
    """A configuration file."""
    file = folder / "config.yaml"
    file.write_text(f"data_dir: data\n{text}", encoding="utf-8")
    return file


def test_one_reading_and_many() -> None:
    """Both are stored when it returns; two writes of one series are two points."""
    rig = Rig()

    async def main() -> list[Report]:
        async with rig.writer as writer:
            one = Climate(rack="rack1", temperature=21.4)
            return [
                await writer.write(one, bucket="Farm"),
                await writer.write(one, bucket="Farm"),
                await writer.write((Level(level=at) for at in range(1000)), bucket="Lab"),
            ]

    assert run(main()) == [Report(1), Report(1), Report(1000)]
    assert len(rig.store.points) == 1002
    assert rig.store.writes == 12


def test_nothing_is_nothing() -> None:
    """No readings need no write."""
    rig = Rig()

    assert rig.write() == Report(0)
    assert rig.store.writes == 0


def test_what_is_set_aside_is_told_with_its_reading() -> None:
    """By our rules or the store's; the report reads well."""
    rig = Rig(known={("Farm", "tank", "level"): Registered(FieldType.FLOAT)})
    rig.refused = [Rejection(1, Reason.REJECTED, "too old")]
    good, old = Level(level=1.0), Level(level=2.0, time=5)
    part, bad, odd = Words(level="full", on=True), Words(level="full"), Level(tank="", level=1.0)
    report = rig.write(good, old, bad, part, odd, measurement="tank")

    assert report.stored == 2
    assert {(one.reading, one.reason, one.fields) for one in report.set_aside} == {
        (old, Reason.REJECTED, ()),
        (bad, Reason.TYPE_CONFLICT, ()),
        (part, Reason.TYPE_CONFLICT, ("level",)),
        (odd, Reason.TAG, ()),
    }
    lines = str(report).splitlines()
    assert lines[0] == "2 stored"
    assert f"level of {part!r} was not stored: level is text here, but stored as float" in lines
    assert f"{old!r} was not stored: too old" in lines


def test_a_store_that_comes_back_in_time_is_waited_for() -> None:
    """What passes is retried."""
    rig = Rig(StoreUnavailableError("connection refused"))
    rig.writer._deadline_secs = 10

    assert rig.write(Level(level=1.0)) == Report(1)


def test_a_store_that_stays_away_ends_it() -> None:
    """The error says which store, why, for how long, and what to do."""
    rig = Rig(*[StoreUnavailableError("connection refused")] * 100)

    with pytest.raises(StoreUnavailableError, match=r"store local took nothing for 0\.1 s: connection refused\. Write"):
        rig.write(Level(level=1.0))


def test_a_store_that_hangs_ends_it() -> None:
    """It is the same where it does not answer at all."""
    rig = Rig()

    async def hang(_: object) -> Sequence[Rejection]:
        await asyncio.Event().wait()
        raise AssertionError

    rig.store.write = hang  # type: ignore[assignment, method-assign]
    with pytest.raises(StoreUnavailableError, match="it does not answer"):
        rig.write(Level(level=1.0))


@pytest.mark.parametrize("fault", [StoreMisconfiguredError("token is wrong"), BucketError("Farm", "no rights")])
def test_what_only_a_person_can_mend_is_raised_at_once(fault: StoreError) -> None:
    """Nothing is held for a script; a note says how far it came, if anywhere."""
    rig = Rig(fault)
    with pytest.raises(type(fault), match=str(fault)) as first:
        rig.write(Level(level=1.0))
    rig.store.answer = lambda points: rig._answer(points) if rig.store.writes != 4 else _raise(fault)
    with pytest.raises(type(fault)) as third:
        rig.write(*[Level(level=1.0)] * 250)

    assert first.value is fault
    assert third.value.__notes__ == ["The first 200 readings were stored, or set aside for good."]


def _raise(fault: StoreError) -> Sequence[Rejection]:
    raise fault


def test_readings_that_would_be_one_point_are_refused() -> None:
    """With one time for all, two readings of a series would overwrite each other; nothing is written then."""
    rig = Rig()
    with pytest.raises(ValueError, match=r"Level,tank=a.* at one time would be one point"):
        rig.write(Level(tank="a", level=1.0), Level(tank="a", level=2.0), time=7)

    assert rig.store.writes == 0
    assert rig.write(Level(tank="a", level=1.0), Level(tank="b", level=2.0), time=7) == Report(2)


@pytest.mark.parametrize(("bucket", "measurement"), [("", None), ("Farm", ""), ("a\nb", None), ("\ud800", None)])
def test_names_that_cannot_be_are_refused(bucket: str, measurement: str | None) -> None:
    """Before anything is written."""
    rig = Rig()
    with pytest.raises(ValueError, match="text of 1 to"):
        run(rig.writer.write(Level(level=1.0), bucket=bucket, measurement=measurement))
    assert rig.store.writes == 0


@pytest.mark.parametrize("readings", ["abc", [5], [Level(level=1.0), None]])
def test_what_is_no_reading_is_refused(readings: Any) -> None:  # noqa: ANN401 - anything but readings
    """It is told in words, and nothing is written."""
    rig = Rig()
    with pytest.raises(TypeError, match="is no reading"):
        run(rig.writer.write(readings, bucket="Farm"))
    assert rig.store.writes == 0


def test_several_tasks_may_share_it() -> None:
    """The store is never used by two at once; all is stored."""
    rig = Rig()
    inside = [0]
    write = rig.store.write

    async def slow(points: Sequence[Point]) -> Sequence[Rejection]:
        inside[0] += 1
        assert inside[0] == 1
        await asyncio.sleep(0)
        inside[0] -= 1
        return await write(points)

    rig.store.write = slow  # type: ignore[method-assign]

    async def main() -> None:
        async with rig.writer as writer, asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(writer.write(Level(tank=str(number), level=1.0), bucket="Farm"))

    run(main())
    assert len(rig.store.points) == 20


def test_from_a_configuration_into_sqlite(tmp_path: Path) -> None:
    """What is stored is where the service would store it; no data directory is needed."""
    file = config(tmp_path)

    async def main() -> Report:
        async with Writer.from_config(file) as writer:
            return await writer.write(Climate(rack="rack1", temperature=21.4), bucket="Farm", time=7)

    assert run(main()) == Report(1)
    assert read_buckets(tmp_path / "data/stores/local") == {
        ("Farm", "climate", (("rack", "rack1"),), 7): {"temperature": 21.4}
    }


def test_pinned_types_count(tmp_path: Path) -> None:
    """What the service here has registered holds for scripts, also while it runs; they change nothing of it."""
    file = config(tmp_path)
    (tmp_path / "data").mkdir()
    with closing(open_state(tmp_path / "data" / state.FILE_NAME)) as connection:
        state.pin_field_type(connection, "local", LEVEL, FieldType.TEXT)

        async def main() -> Report:
            async with Writer.from_config(file) as writer:
                return await writer.write([Level(level=1.0), Climate(temperature=1.0)], bucket="Farm")

        report = run(main())
        registered = state.field_types(connection, "local")

    assert [one.detail for one in report.set_aside] == ["level is float here, but stored as text"]
    assert registered == {LEVEL: Registered(FieldType.TEXT, pinned=True)}


def test_types_that_cannot_be_read_do_not_stop_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The data directory may be closed to this user, or of another version: the store's own types hold all the same."""
    file = config(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / state.FILE_NAME).write_bytes(b"garbage" * 1000)

    async def main() -> Report:
        async with Writer.from_config(file) as writer:
            return await writer.write(Level(level=1.0), bucket="Farm")

    assert run(main()) == Report(1)
    assert "registered_types_unknown store=local" in caplog.text


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (None, "there are several stores, a, b: say which with store="),
        ("odd", "no store is called 'odd'; there is a, b"),
    ],
)
def test_it_must_be_clear_which_store(tmp_path: Path, store: str | None, words: str) -> None:
    """The error names those that there are."""
    file = config(tmp_path, "stores: {a: {}, b: {}}\n")

    with pytest.raises(ConfigError, match=words):
        Writer.from_config(file, store=store)
    assert isinstance(Writer.from_config(file, store="b"), Writer)


def test_the_usual_file_and_the_environment_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the service."""
    config(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INGESTOR_DATA_DIR", str(tmp_path / "elsewhere"))

    async def main() -> None:
        async with Writer.from_config() as writer:
            await writer.write(Level(level=1.0), bucket="Farm")

    run(main())
    assert len(read_buckets(tmp_path / "elsewhere/stores/local")) == 1


def test_it_is_imported_from_the_package_when_asked_for() -> None:
    """`from ingestor import Writer` works, and importing the package alone costs nothing."""
    code = "import sys, ingestor; print(len([name for name in sys.modules if name.startswith('ingestor')]))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )

    assert found.stdout == "1\n"
    assert ingestor.Writer is Writer
    with pytest.raises(AttributeError, match="no attribute 'Reader'"):
        _ = ingestor.Reader  # type: ignore[attr-defined]
