"""`ingestor read`."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from ingestor.ports import FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore
from tests.cli.commands import Cli, ingestor, write_config
from tests.export.samples import store_all
from tests.servers.influxdb import InfluxDB
from tests.support import ROOT

MINUTE_NS = 60 * 10**9
TYPES = {"temperature": FieldType.FLOAT, "on": FieldType.BOOL}


def climate(count: int, *, racks: int = 2, bucket: str = "Farm") -> list[Point]:
    """A reading a minute until now of each rack."""
    begin = time.time_ns() // MINUTE_NS * MINUTE_NS - count * MINUTE_NS
    of = [
        Series(bucket, "climate", {"rack": f"rack{at + 1}"}, types=TYPES, units={"temperature": "°C"})
        for at in range(racks)
    ]
    return [
        Point(series, begin + number * MINUTE_NS, {"temperature": 20.0 + number % 7 + at, "on": number % 5 < 2})
        for at, series in enumerate(of)
        for number in range(count)
    ]


def door() -> list[Point]:
    """A reading of another measurement."""
    return [Point(Series("Farm", "door", {}, types={"open": FieldType.BOOL}), time.time_ns(), {"open": True})]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a store with a bucket of one measurement, and one of two."""
    points = [*climate(120), *door(), *climate(120, bucket="Racks")]
    store_all(SqliteStore(tmp_path / "data/stores/local"), points)
    return write_config(tmp_path, stores={"local": {"kind": "sqlite"}}, timezone="Asia/Singapore")


def test_charts_and_the_newest_rows(cli: Cli, config: Path) -> None:
    """The last day, where nothing is said; the newest rows last, and how many are left out."""
    found = cli("read", "Racks", "--config", config)

    assert (found.code, found.err) == (0, "")
    assert found.lines[0] == "climate in Racks, readings as they are"
    assert found.lines[1].endswith(" (Asia/Singapore)")
    assert found.lines[3].split() == ["rack", "on", "last"]
    assert found.lines[6].split() == ["rack", "temperature", "°C", "min", "max", "last"]
    assert found.lines[-1] == "220 older rows are left out: --rows shows more, --format csv all"
    times = [line[:16] for line in found.lines if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d  rack", line)]
    assert (len(times), times) == (20, sorted(times))


def test_windows_of_some_readings(cli: Cli, config: Path) -> None:
    """By time, tag, field and function; the time zone is told."""
    words: list[str | Path] = [
        "--measurement",
        "climate",
        "--where",
        "rack=rack1",
        "--field",
        "temperature",
        "--every",
        "1h",
    ]
    found = cli("read", "Farm", "-c", config, "--last", "4h", *words, "--function", "max", "--zone", "UTC")

    assert found.lines[0] == "climate in Farm, max of every 1h, rack rack1"
    assert found.lines[1].endswith(" (UTC)")
    assert "on" not in found.out.split()
    rack, highest = found.lines[-1].split()[-2:]
    assert rack == "rack1"
    assert 20 <= float(highest) <= 26


def test_windows_can_be_filled(cli: Cli, config: Path) -> None:
    """With words and with numbers."""
    words: list[str | Path] = [
        "read",
        "Racks",
        "-c",
        config,
        "--last",
        "5h",
        "--every",
        "1h",
        "--field",
        "temperature",
        "--format",
        "json",
    ]
    numbers = [json.loads(line)["fields"]["temperature"] for line in cli(*words, "--fill", "-1").lines]

    assert numbers.count(-1.0) >= 4
    assert len(cli(*words, "--fill", "null").lines) == len(numbers)
    assert len(cli(*words).lines) == len(numbers) - numbers.count(-1.0)


def test_nothing_in_that_time(cli: Cli, config: Path) -> None:
    """Is no error, unless a picture is to be drawn of it."""
    words: list[str | Path] = ["read", "Racks", "--start", "2020-01-01", "--stop", "2020-01-02", "--config", config]
    found = cli(*words)

    assert (found.code, found.out) == (
        0,
        "no readings of climate in Racks, 2020-01-01 00:00 to 2020-01-02 00:00 (Asia/Singapore)\n",
    )
    assert cli(*words, "--plot", config.parent / "a.png").err.startswith("ingestor: nothing to draw: no readings of")
    assert cli(*words, "--where", "rak=a", "--where", "rak=b").out.startswith(
        "no readings of climate in Racks with rak=a or b, 2020-01-01"
    )


def test_rows_without_a_value(cli: Cli, config: Path) -> None:
    """Of a single window there is no difference: nothing to show, and nothing to draw."""
    words: list[str | Path] = ["read", "Racks", "-c", config, "--field", "temperature", "--last", "4w"]
    words += ["--every", "40w", "--function", "difference"]

    assert cli(*words).out.startswith("no values of climate in Racks, ")
    for suffix in (".png", ".html"):
        found = cli(*words, "--plot", config.parent / f"a{suffix}")
        assert (found.code, found.err.partition(", ")[0]) == (
            1,
            "ingestor: nothing to draw: no values of climate in Racks",
        )


def test_without_a_bucket_it_lists_what_there_is(cli: Cli, config: Path) -> None:
    """Buckets, their measurements, and how to go on."""
    found = cli("read", "--config", config)

    assert found.code == 0
    assert [line.split(maxsplit=1) for line in found.lines[:3]] == [
        ["bucket", "measurements"],
        ["Farm", "climate, door"],
        ["Racks", "climate"],
    ]
    assert "read Farm --last 24h --config" in found.lines[3]


def test_a_store_without_buckets(cli: Cli, tmp_path: Path) -> None:
    """Has nothing to list."""
    file = write_config(tmp_path, stores={"local": {"kind": "sqlite"}})

    assert cli("read", "--config", file).out == "store local holds no bucket yet\n"
    assert cli("read", "Farm", "--config", file).err == (
        "ingestor: store local has no bucket 'Farm'; it holds no bucket yet\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["Frm"],
            [
                "store local has no bucket 'Frm'; did you mean 'Farm'? there is:",
                "  Farm: climate, door",
                "  Racks: climate",
            ],
        ),
        (["Farm"], ["bucket 'Farm' has several measurements: climate, door; say which: --measurement climate"]),
        (["Farm", "--measurement", "x"], ["bucket 'Farm' has no measurement 'x'; there is: climate, door"]),
        (
            ["Racks", "--last", "3x"],
            ["--last '3x': a length of time is a whole number above 0 and a unit, s m h d or w: "],
        ),
        (
            ["Racks", "--last", "3d", "--stop", "2026-01-01"],
            ["--last is the time until now: use it, or --start and --stop,"],
        ),
        (["Racks", "--every", "1h", "--fill", "x"], ["--fill 'x': it is none, null, previous, linear, or a number"]),
        (["Racks", "--zone", "Mars"], ["--zone 'Mars': a time zone is a name like "]),
        (["Racks", "--field", "x"], ["measurement 'climate' has no field 'x'; there is: on, temperature"]),
        (["Racks", "--format", "xls"], ["--format 'xls': it is one of csv, json, lp, parquet"]),
        (["Racks", "--plot", "a.svg"], ["--plot a.svg: a picture is a .png, or an .html page"]),
        (["Racks", "--output", "/nowhere/a.csv"], ["/nowhere/a.csv: No such file or directory"]),
    ],
)
def test_mistakes_are_told_in_a_line(cli: Cli, config: Path, words: list[str], said: list[str]) -> None:
    """What is wrong, and what there is."""
    found = cli("read", *words, "--config", config)
    lines = found.err.splitlines()

    assert (found.code, found.out, len(lines)) == (1, "", len(said))
    assert [line.removeprefix("ingestor: ")[: len(one)] for line, one in zip(lines, said, strict=True)] == said


def test_a_picture_or_a_file(cli: Cli, config: Path) -> None:
    """Not both at once."""
    found = cli("read", "Racks", "--plot", "a.png", "--format", "csv", "--config", config)

    assert found.code == 2
    assert "ask for one of them" in found.err


def test_files(cli: Cli, config: Path, tmp_path: Path) -> None:
    """All rows, not only the newest; a file that is there stays unless somebody says so."""
    file = tmp_path / "a.csv"
    words: list[str | Path] = ["read", "Racks", "--output", file, "--config", config]

    assert cli(*words).out == f"{file}: 240 rows\n"
    assert file.read_text().count("\n") == 241
    assert cli(*words).err == f"ingestor: {file} is there already: say --force to put this in its place\n"
    assert cli(*words, "--force").code == 0


def test_pictures(cli: Cli, config: Path, tmp_path: Path) -> None:
    """As PNG and as a page; the title is one's own, if one wants."""
    png, page = tmp_path / "a.png", tmp_path / "a.html"
    words: list[str | Path] = ["read", "Racks", "--config", config, "--every", "10m", "--title", "Racks in June"]

    assert (
        cli(*words, "--plot", png).out == f"{png}: {len(cli(*words, '--format', 'json').lines)} rows of climate drawn\n"
    )
    assert png.read_bytes().startswith(b"\x89PNG")
    assert cli(*words, "--plot", page).code == 0
    assert "<h1>Racks in June</h1>" in page.read_text()


@pytest.mark.parametrize(("file", "library", "extra"), [("a.png", "matplotlib", "plot"), ("a.html", "plotly", "web")])
def test_what_a_picture_needs_is_named(
    cli: Cli, config: Path, file: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, before anything is read."""
    monkeypatch.setitem(sys.modules, library, None)
    found = cli("read", "Racks", "--plot", file, "--config", config)

    assert found.code == 1
    assert f"drawn by {library}, which is not installed: pip install 'ingestor[{extra}]'\n" in found.err


@pytest.mark.long
def test_without_pyarrow_text_still_works(config: Path) -> None:
    """Tables too; it is not even loaded. What is made of windows needs it, and says so."""

    def read(*words: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; sys.modules['pyarrow'] = None; from ingestor.cli import main; main()"
        command = [sys.executable, "-W", "error", "-c", code, "read", "Racks", *words, "--config", str(config)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)

    for format_ in ("csv", "json", "lp"):
        found = read("--format", format_)
        assert (found.returncode, found.stderr, found.stdout.count("rack1")) == (0, "", 120)
    assert "220 older rows are left out" in read().stdout
    assert "needs pyarrow, which is not installed: pip install 'ingestor[reader]'" in read("--every", "1h").stderr


def test_a_reader_that_goes_away_is_no_error(config: Path) -> None:
    """As with `| head`, whatever the format."""
    for words in (["--format", "csv"], ["--format", "parquet"], []):
        found = ingestor("read", "Racks", *words, "--config", config, piped="head -c 10 >/dev/null")
        assert (found.code, found.err) == (0, "")


def on_terminal(*words: str | Path, columns: int, **variables: str) -> str:
    """What the command says on a terminal of so many columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", **variables}
    command = [sys.executable, "-m", "ingestor", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=follower, stderr=follower) as process:
        os.close(follower)
        data = b""
        try:
            while piece := os.read(leader, 65_536):
                data += piece
        except OSError:
            pass  # the other end is closed
        process.wait(50)
    os.close(leader)
    return data.decode()


def test_on_a_terminal_it_fits(config: Path) -> None:
    """In 80 columns, with colours; Parquet is not for it."""
    words: list[str | Path] = ["read", "Racks", "--config", config]
    functions = ("--function", "min", "--function", "max", "--function", "count")
    text = on_terminal(*words, "--every", "10m", *functions, columns=80)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)

    assert "\x1b[1m" in text
    assert max(map(len, plain.splitlines())) <= 80
    assert re.search("[▁-█]{4}", plain)
    assert "Parquet is nothing for a terminal" in on_terminal(*words, "--format", "parquet", columns=80)


def test_on_a_small_and_dumb_terminal(config: Path) -> None:
    """It fits there too, with nothing that it would not understand, in the letters that it has."""
    words: list[str | Path] = ["read", "Racks", "--config", config, "--rows", "2"]
    text = on_terminal(*words, columns=24, TERM="dumb", PYTHONIOENCODING="ascii")

    assert text.isascii()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 24
    assert text.count("temperature ") == 3


@pytest.mark.parametrize("format_", ["csv", "json", "lp"])
def test_strangers_cannot_command_the_terminal(tmp_path: Path, format_: str) -> None:
    """Files that are printed there are for people; in a pipe they are what they are."""
    series = Series("Log", "log", {"who": "\x1b[31mred"}, types={"text": FieldType.TEXT})
    points = [Point(series, time.time_ns() - 10**9, {"text": "\x1b]0;hurt\x07\u202e"})]
    store_all(SqliteStore(tmp_path / "data/stores/local"), points)
    words = ("read", "Log", "--format", format_, "--config", write_config(tmp_path))
    shown = on_terminal(*words, columns=80)

    assert "hurt" in shown
    assert not {*shown} & {"\x1b", "\x07", "\u202e"}
    assert ("\x1b[31mred" in ingestor(*words).out) == (format_ != "json")


def test_a_real_influxdb(cli: Cli, tmp_path: Path, influxdb: InfluxDB) -> None:
    """The same words ask a server; models know the units; a bucket that is missing is told with those there are."""
    influxdb.create_bucket("cli-read")
    influxdb.write(
        "cli-read", "power,rack=r1 power=1.5,n=2i 1769860800000000000", "power,rack=r2 power=2 1769860801000000000"
    )
    words: list[str | Path] = ["--start", "2026-01-31", "--stop", "2026-02-01", "--config"]
    config = write_config(tmp_path, stores={"far": influxdb.store()})

    assert cli("read", "cli-read", *words, config, "--format", "csv").lines == [
        "time,measurement,rack:tag,n:int,power:float:W",
        "2026-01-31T12:00:00.000000000Z,power,r1,2,1.5",
        "2026-01-31T12:00:01.000000000Z,power,r2,,2.0",
    ]
    assert cli("read", "cli-read", *words, config, "--every", "1d").lines[-2].split() == [
        "2026-01-31", "00:00", "r1", "2", "1.5",
    ]  # fmt: skip
    found = cli("read", "no-such", *words, config)
    assert found.code == 1
    assert "has no bucket 'no-such'; there is:" in found.err
    assert "  cli-read: power\n" in found.err
