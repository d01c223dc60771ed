"""`ingestor types`: list and change."""

import io
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ingestor import state
from ingestor.cli import types
from ingestor.cli.datafiles import in_state
from ingestor.datadir import journal_dir
from ingestor.encode.types import FieldKey, Registered
from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.journal.lock import Lock
from ingestor.ports import FieldType, Point, Rejection
from ingestor.stores.sqlite import SqliteStore
from tests.builders import point, series
from tests.cli.commands import Cli, fill, read_config, write_config
from tests.stores.reading import read_buckets
from tests.support import run
from tests.writer.rig import AskedStore

LEVEL, STATE = ("Climate", "climate", "level"), ("Climate", "climate", "state")
INFLUXDB = {"kind": "influxdb", "url": "http://127.0.0.1:9", "org": "farm", "token": "t"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a service that has registered two fields in its one store, one of them pinned."""
    return ran(write_config(tmp_path))


def ran(file: Path, store: str = "local") -> Path:
    """The configuration of a service that ran with a store."""
    fill(read_config(file), [], store=store)
    in_state(file, lambda connection: state.add_field_types(connection, store, {LEVEL: FieldType.FLOAT}))
    in_state(file, lambda connection: state.pin_field_type(connection, store, STATE, FieldType.TEXT))
    return file


def registered(file: Path, store: str = "local") -> dict[FieldKey, Registered]:
    """What is registered."""
    return in_state(file, lambda connection: state.field_types(connection, store))


def write(file: Path, *points: Point) -> Sequence[Rejection]:
    """Write into the local store, as the service would."""

    async def main() -> Sequence[Rejection]:
        async with SqliteStore(read_config(file).store_path("local")) as store:
            return await store.write(points)

    return run(main())


def test_list_tells_types_and_who_decided(cli: Cli, config: Path) -> None:
    """A row a field; one that somebody pinned says so."""
    found = cli("types", "list", "--config", config)

    assert found.code == 0
    assert [line.split() for line in found.lines] == [
        ["store", "bucket", "measurement", "field", "type", "pinned"],
        ["local", "Climate", "climate", "level", "float"],
        ["local", "Climate", "climate", "state", "text", "yes"],
    ]


def test_list_for_programs_by_bucket_and_store(cli: Cli, config: Path) -> None:
    """An object a field; both narrow it."""
    in_state(config, lambda on: state.add_field_types(on, "local", {("Lab", "soil", "x"): FieldType.INT}))
    found = cli("types", "list", "--config", config, "--json", "--bucket", "Lab", "--store", "local")

    assert found.json == [
        {
            "store": "local", "bucket": "Lab", "measurement": "soil", "field": "x", "type": "int", "pinned": False,
            "server": [],
        }
    ]  # fmt: skip


def test_list_asks_the_stores(cli: Cli, config: Path) -> None:
    """What they hold stands beside what is registered, also where one of both is missing."""
    write(config, point(series("Climate", types={"level": FieldType.INT, "on": FieldType.BOOL}), level=1))
    rows = cli("types", "list", "--config", config, "--server", "--json").json

    assert {row["field"]: (row["type"], row["server"]) for row in rows} == {
        "level": ("float", ["int"]),
        "on": (None, ["bool"]),
        "state": ("text", []),
    }


def test_list_marks_mixed_types(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several types of one field are what makes data invisible; what cannot be asked is told beside the table."""
    store = AskedStore()
    store.told = {
        "Climate": {("climate", "level"): {FieldType.INT, FieldType.FLOAT}},
        "Closed": None,
        "Broken": BucketError("Broken", "no rights"),
    }
    monkeypatch.setattr(types, "make_store", lambda *_: store)
    for bucket in ("Closed", "Broken"):
        key = (bucket, "soil", "x")
        in_state(config, lambda on, key=key: state.add_field_types(on, "local", {key: FieldType.INT}))  # type: ignore[misc]
    found = cli("types", "list", "--config", config, "--server")

    assert "float + int (mixed)" in next(line for line in found.lines if "level" in line)
    assert found.err.splitlines() == [
        "ingestor: store local, bucket Broken: no rights",
        "ingestor: store local, bucket Closed: the store does not tell its types; may the token read the bucket?",
    ]
    assert found.code == 0


def test_list_of_a_store_that_is_away_is_a_line(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends 1 and says why."""
    store = AskedStore()
    store.told = {"Climate": StoreUnavailableError("connection refused")}
    monkeypatch.setattr(types, "make_store", lambda *_: store)
    found = cli("types", "list", "--config", config, "--server")

    assert (found.code, found.err) == (1, "ingestor: connection refused\n")


def test_list_needs_no_service_to_have_run(cli: Cli, tmp_path: Path) -> None:
    """There is nothing to list, and nothing is made."""
    found = cli("types", "list", "--config", write_config(tmp_path), "--json")

    assert found.json == []
    assert not (tmp_path / "data").exists()


def test_change_pins_the_type_and_converts_nothing(cli: Cli, config: Path) -> None:
    """In SQLite the old values keep their column, and readings of the new type go to one of their own."""
    write(config, point(series("Climate", types={"level": FieldType.FLOAT}), level=1.5))
    found = cli("types", "change", *LEVEL, "text", "--config", config, "--yes")
    refused = write(config, point(series("Climate", types={"level": FieldType.TEXT}), time_ns=2, level="007"))

    assert (found.code, refused) == (0, [])
    assert found.lines == [
        "level of climate in bucket Climate of store local is float, and becomes text.",
        "What is there is not converted: it keeps its column, renamed to 'level' with the old type behind it.",
        "level begins anew, empty. Queries that ask for level find only what comes from then on.",
        "Readings of a model that says anything but text are set aside from then on.",
        "done: level is pinned as text; its old values are called 'level (float)'",
    ]
    assert registered(config)[LEVEL] == Registered(FieldType.TEXT, pinned=True)
    stored = read_buckets(read_config(config).store_path("local"))
    assert list(stored.values()) == [{"level (float)": 1.5}, {"level": "007"}]


def test_change_for_programs(cli: Cli, config: Path) -> None:
    """One object: what it was, what it is, and what it means."""
    told = cli("types", "change", *LEVEL, "int", "--config", config, "--yes", "--json").json

    assert (told["was"], told["type"], told["pinned"], told["old_values"]) == ("float", "int", True, None)
    assert len(told["meaning"]) == 4


def test_change_of_a_field_that_is_not_registered(cli: Cli, config: Path) -> None:
    """The type may be decided before the first reading comes."""
    found = cli("types", "change", "Lab", "soil", "moisture", "int", "--config", config, "--yes")

    assert found.lines[0] == "moisture of soil in bucket Lab of store local was not registered yet, and becomes int."
    assert registered(config)["Lab", "soil", "moisture"] == Registered(FieldType.INT, pinned=True)


def test_a_type_may_be_pinned_as_it_is(cli: Cli, config: Path) -> None:
    """Then what the store holds does not change it; doing so again is an error."""
    found = cli("types", "change", *LEVEL, "float", "--config", config, "--yes")
    again = cli("types", "change", *LEVEL, "float", "--config", config, "--yes")

    assert found.lines[1] == "It is pinned: what the store holds does not change it any more."
    assert registered(config)[LEVEL] == Registered(FieldType.FLOAT, pinned=True)
    assert (again.code, again.out) == (1, "")
    assert "pinned as float already" in again.err


def test_change_tells_what_influxdb_will_do(cli: Cli, tmp_path: Path) -> None:
    """Shards, refusals, replay, invisible data, and what to do instead; nothing is asked of the server."""
    config = ran(write_config(tmp_path, stores={"farm": INFLUXDB}), "farm")
    found = cli("types", "change", *LEVEL, "int", "--config", config, "--yes")

    assert found.code == 0
    assert [word for word in ("7 days", "set aside", "invisible", "another bucket") if word not in found.out] == []
    assert f"ingestor deadletters replay --reason type_conflict --config {config}" in found.out
    assert registered(config, "farm")[LEVEL] == Registered(FieldType.INT, pinned=True)


class Terminal(io.StringIO):
    """A person at a terminal, who has typed something."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(("typed", "code", "kind"), [("y\n", 0, "int"), ("n\n", 1, "float"), ("\n", 1, "float")])
def test_change_asks_the_person(
    cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, kind: str
) -> None:
    """On a terminal nothing happens without a yes."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    found = cli("types", "change", *LEVEL, "int", "--config", config)

    assert found.code == code
    assert "becomes int" in found.out
    assert registered(config)[LEVEL].type == kind


def test_change_asks_beside_the_answer_for_programs(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json what it means, and the question, go to standard error."""
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    found = cli("types", "change", *LEVEL, "int", "--config", config, "--json")

    assert found.json["type"] == "int"
    assert "becomes int" in found.err


def test_change_in_a_pipe_wants_a_yes(cli: Cli, config: Path) -> None:
    """Where nobody can be asked, nothing is changed; what it would mean is told."""
    found = cli("types", "change", *LEVEL, "int", "--config", config)

    assert found.code == 1
    assert "--yes" in found.err
    assert "becomes int" in found.out
    assert registered(config)[LEVEL] == Registered(FieldType.FLOAT)


def test_change_waits_for_no_running_service(cli: Cli, config: Path) -> None:
    """It would go on with the type that it knows."""
    write(config, point(series("Climate", types={"level": FieldType.FLOAT}), level=1.5))
    with closing(Lock(journal_dir(read_config(config)))):
        found = cli("types", "change", *LEVEL, "int", "--config", config, "--yes")

    assert found.code == 1
    assert "is in use by another ingestor" in found.err
    assert registered(config)[LEVEL] == Registered(FieldType.FLOAT)
    assert list(read_buckets(read_config(config).store_path("local")).values()) == [{"level": 1.5}]


def test_change_where_nothing_ran_says_so(cli: Cli, tmp_path: Path) -> None:
    """And makes nothing."""
    found = cli("types", "change", *LEVEL, "int", "--config", write_config(tmp_path), "--yes")

    assert found.code == 1
    assert "no service has run" in found.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("stores", "options", "words"),
    [
        ({"a": {}, "b": {}}, (), "there are several stores, a, b: say which with --store"),
        ({"a": {}}, ("--store", "odd"), "no store is called 'odd'; there is a"),
    ],
)
def test_it_must_be_clear_which_store(
    cli: Cli, tmp_path: Path, stores: dict[str, object], options: Sequence[str], words: str
) -> None:
    """Where there are several, or none of that name, it ends 1."""
    file = write_config(tmp_path, stores=stores)
    found = cli("types", "change", *LEVEL, "int", "--config", file, "--yes", *options)

    assert (found.code, found.err) == (1, f"ingestor: {words}\n")
