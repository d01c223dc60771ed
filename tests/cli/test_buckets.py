"""`ingestor buckets`."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.backup.embeddedstores import points, store_in
from tests.cli.commands import Cli, ingestor, read_config, write_config
from tests.servers.influxdb import InfluxDB
from tests.support import free_port, run

FARM = {"name": "Farm", "description": "Racks", "retention": "30d"}
LAB = {"name": "Lab"}


def nowhere() -> dict[str, str]:
    """A store that is not there."""
    return {"kind": "influxdb", "url": f"http://127.0.0.1:{free_port()}"}


def steps(answer: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    """The actions of the only store: what with which bucket, and whether it was done."""
    (outcome,) = answer
    return [(action["action"], action["name"], action["done"]) for action in outcome["actions"]]


def test_declared_buckets_are_made_once(cli: Cli, tmp_path: Path) -> None:
    """The second time nothing is left to do; `list` shows them."""
    file = write_config(tmp_path, buckets=[FARM, LAB])
    first, second = cli("buckets", "apply", "-c", file), cli("buckets", "apply", "-c", file, "--json")
    listed = cli("buckets", "list", "-c", file)

    assert (first.code, first.err) == (0, "")
    assert [line.split()[:3] for line in first.lines[1:3]] == [
        ["local", "Farm", "created"],
        ["local", "Lab", "created"],
    ]
    assert first.lines[3:] == ["store local: retention is recorded; a task of kind retention deletes what is older"]
    assert second.json == [{"store": "local", "fault": None, "actions": [], "equal": ["Farm", "Lab"], "undeclared": []}]
    assert [line.split() for line in listed.lines] == [
        ["store", "bucket", "retention", "description"],
        ["local", "Farm", "30", "d", "Racks"],
        ["local", "Lab", "for", "ever", "-"],
    ]


def test_a_plan_does_nothing(cli: Cli, tmp_path: Path) -> None:
    """It only says what would be done."""
    file = write_config(tmp_path, buckets=[FARM])
    planned = cli("buckets", "apply", "-c", file, "--plan")

    assert planned.code == 0
    assert planned.lines[1].split() == ["local", "Farm", "create", "kept", "30", "d,", '"Racks"']
    assert cli("buckets", "list", "-c", file, "--json").json == []


def test_a_shorter_retention_needs_force(cli: Cli, tmp_path: Path) -> None:
    """Without it that bucket stays as it is and it ends 1, while the others are done; a plan says so, and ends 0."""
    before = write_config(tmp_path, buckets=[FARM, LAB])
    cli("buckets", "apply", "-c", before)
    file = write_config(tmp_path, buckets=[{**FARM, "description": "x", "retention": "1d"}, {**LAB, "retention": "9d"},
                                           {"name": "New"}])  # fmt: skip
    planned = cli("buckets", "apply", "-c", file, "--plan")
    refused = cli("buckets", "apply", "-c", file, "--json")
    forced = cli("buckets", "apply", "-c", file, "--json", "--force")

    assert planned.code == 0
    assert 'Farm    not changed  kept 30 d -> 1 d, "Racks" -> "x"; the store would delete what is older' in planned.out
    assert "Lab     not changed  kept for ever -> 9 d; the store would delete what is older" in planned.out
    assert refused.code == 1
    assert steps(refused.json) == [("change", "Farm", False), ("change", "Lab", False), ("create", "New", True)]
    assert [action["deletes"] for action in refused.json[0]["actions"]] == [True, True, False]
    assert forced.code == 0
    assert steps(forced.json) == [("change", "Farm", True), ("change", "Lab", True)]
    assert cli("buckets", "list", "-c", file, "--json").json[0] == {
        "store": "local", "name": "Farm", "description": "x", "retention_secs": 86_400.0,
    }  # fmt: skip


def test_what_is_not_declared_is_named_and_left_alone(cli: Cli, tmp_path: Path) -> None:
    """A longer retention needs no force."""
    cli("buckets", "apply", "-c", write_config(tmp_path, buckets=[FARM, LAB]))
    file = write_config(tmp_path, buckets=[{**FARM, "retention": "60d"}])
    found = cli("buckets", "apply", "-c", file)

    assert found.code == 0
    assert [line.split()[1:4] for line in found.lines[1:3]] == [["Farm", "changed", "kept"], ["Lab", "left", "alone"]]
    assert len(cli("buckets", "list", "-c", file, "--json").json) == 2


def test_a_list_in_a_file_of_its_own_counts_instead(cli: Cli, tmp_path: Path) -> None:
    """Its faults are all told, each with its line, and nothing is done."""
    config = write_config(tmp_path, buckets=[LAB])
    file = tmp_path / "buckets.json"
    file.write_text(json.dumps([FARM]), encoding="utf-8-sig")
    made = cli("buckets", "apply", file, "-c", config, "--json")
    file.write_text('[\n{"name": "A", "retention": "1"},\n{"nome": "B"}]', encoding="utf-8")
    wrong = cli("buckets", "apply", file, "-c", config)
    file.write_bytes(b"\xff")
    binary = cli("buckets", "apply", file, "-c", config)
    gone = cli("buckets", "apply", tmp_path / "none.json", "-c", config)

    assert steps(made.json) == [("create", "Farm", True)]
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.splitlines() == [
        f"ingestor: {file}:2: retention: a duration is a number with a unit: 500ms, 30s, 5m, 12h, 7d or 2w",
        f"ingestor: {file}:3: name: is missing",
        f"ingestor: {file}:3: nome: unknown key; did you mean name?",
    ]
    assert (binary.code, binary.err) == (1, f"ingestor: {file}: is not UTF-8 text\n")
    assert (gone.code, gone.err) == (1, f"ingestor: {tmp_path}/none.json: cannot be read: No such file or directory\n")


def test_nothing_declared_is_told(cli: Cli, tmp_path: Path) -> None:
    """It is more likely an oversight than a wish."""
    found = cli("buckets", "apply", "-c", write_config(tmp_path))

    assert found.code == 1
    assert found.err.startswith("ingestor: no buckets are declared: ")


@pytest.mark.parametrize("words", [["list"], ["apply"]])
def test_one_store_that_is_away_does_not_keep_the_others(cli: Cli, tmp_path: Path, words: list[str]) -> None:
    """They are done; the fault is told on standard error, and it ends 1. --store leaves it out."""
    stores = {"away": nowhere(), "here": {"kind": "sqlite"}}
    file = write_config(tmp_path, buckets=[FARM], stores=stores)
    found, other = cli("buckets", *words, "-c", file), cli("buckets", *words, "-c", file, "--store", "here")
    unknown = cli("buckets", *words, "-c", file, "--store", "nobody")

    assert found.code == 1
    assert found.err == f"ingestor: store away: {stores['away']['url']}: cannot be reached: Connection refused\n"
    assert other.code == 0
    assert "here" in other.out or words == ["list"]
    assert (unknown.code, unknown.err) == (1, "ingestor: no store is called 'nobody'; there is away, here\n")


def test_a_bucket_that_fails_does_not_keep_the_others(cli: Cli, tmp_path: Path, influxdb: InfluxDB) -> None:
    """Each has its reason, in words."""
    good, short = f"b-{uuid4().hex[:8]}", f"s-{uuid4().hex[:8]}"
    rows = [{"name": short, "retention": "1m"}, {"name": "_system"}, {"name": good, "retention": "1h"}]
    file = write_config(tmp_path, buckets=rows, stores={"farm": influxdb.store()})
    found = cli("buckets", "apply", "-c", file, "--json")
    told = cli("buckets", "apply", "-c", file)

    assert found.code == told.code == 1
    assert steps(found.json) == [("create", short, False), ("create", "_system", False), ("create", good, True)]
    assert "InfluxDB keeps points for 1h at least" in found.json[0]["actions"][0]["why_not"]
    assert "may not start with underscore" in found.json[0]["actions"][1]["why_not"]
    assert ["farm", short, "not", "created"] in [line.split()[:4] for line in told.lines]
    assert "task of kind retention" not in told.out


def test_a_token_that_may_make_no_buckets_is_told_what_it_needs(cli: Cli, tmp_path: Path, influxdb: InfluxDB) -> None:
    """And the token itself is not said."""
    name = f"b-{uuid4().hex[:8]}"
    token = influxdb.create_token(write=[influxdb.create_bucket(name)], read=[])["token"]
    file = write_config(tmp_path, buckets=[{"name": f"{name}-2"}], stores={"farm": influxdb.store(token=token)})
    found = cli("buckets", "apply", "-c", file)

    assert found.code == 1
    assert "Read and Write for All Buckets" in found.out
    assert token not in found.out + found.err


def test_the_real_command_works(tmp_path: Path) -> None:
    """In a process of its own, without a warning."""
    found = ingestor("buckets", "apply", "-c", write_config(tmp_path, buckets=[FARM]), "--json")

    assert (found.code, found.err) == (0, "")
    assert steps(json.loads(found.out)) == [("create", "Farm", True)]


def test_what_is_too_old_is_deleted(cli: Cli, tmp_path: Path) -> None:
    """As recorded in the buckets, of all embedded stores or one; what could not be done is told."""
    file = write_config(tmp_path, buckets=[{"name": "A", "retention": "1h"}, {"name": "B"}])
    place = read_config(file).store_path("local")
    run(store_in(place, points("A", count=30), points("B", count=30)))
    cli("buckets", "apply", "-c", file, "--force")
    first = cli("buckets", "expire", "-c", file)
    again = cli("buckets", "expire", "-c", file, "--bucket", "A", "--bucket", "C", "--json")

    assert (first.code, first.err) == (0, "")
    assert [line.split() for line in first.lines] == [["store", "bucket", "deleted"], ["local", "A", "30"]]
    assert again.json == [{"store": "local", "bucket": "A", "deleted": 0}]
    assert (again.code, again.err) == (1, "ingestor: store local: bucket C: there is none\n")


def test_where_servers_delete_there_is_nothing_to_do(cli: Cli, tmp_path: Path) -> None:
    """They keep retentions by themselves."""
    found = cli("buckets", "expire", "-c", write_config(tmp_path, stores={"farm": nowhere()}))

    assert (found.code, found.out) == (1, "")
    assert "InfluxDB deletes by itself" in found.err
