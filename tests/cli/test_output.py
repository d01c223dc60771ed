"""How commands speak to people and programs."""

import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from ingestor.cli.output import explain_and_exit, fail, printable, say, say_beside, say_json, say_table, warn
from ingestor.errors import ConfigError, DataDirError, ListenError, Problem
from tests.cli.commands import fill, ingestor, message, read_config, write_config


def test_strangers_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in what comes from a device are shown, not obeyed."""
    say("rack\x1b[2J\r\x07")

    assert capsys.readouterr().out == "rack\\x1b[2J\\r\\x07\n"


def test_text_of_all_languages_is_printable() -> None:
    """Only what a terminal would obey, or cannot show, is escaped."""
    assert printable("21 °C 温度\u200bx\ud800") == "21 °C 温度\\u200bx\\ud800"


def test_json_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get one line, whatever is in it and whatever the encoding of the terminal."""
    say_json({"topic": "räck\n", "path": Path("a")})
    out = capsys.readouterr().out

    assert out.count("\n") == 1
    assert out.isascii()
    assert json.loads(out) == {"topic": "räck\n", "path": "a"}


def test_tables_are_never_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row is one line, however long, and nothing stands behind the last cell."""
    say_table(("id", "detail"), [(1, "x" * 500), (1_000, "y")])
    lines = capsys.readouterr().out.splitlines()

    assert [line.split() for line in lines] == [["id", "detail"], ["1", "x" * 500], ["1,000", "y"]]
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_cell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks in what a device sent break no row."""
    say_table(("topic", "payload"), [("log", "ts,t\r\n1,2\n")])

    assert capsys.readouterr().out.splitlines()[1:] == ["log    ts,t\\r\\n1,2\\n"]


def test_columns_of_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    """Units stand below units."""
    say_table(("n", "name"), [(5, "a"), (1_000, "b")])
    lines = capsys.readouterr().out.splitlines()

    assert lines[1] == "    5  a"
    assert lines[2] == "1,000  b"


def test_tables_are_never_cut_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A narrow one wraps the columns that may be wrapped, and leaves the others whole."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    say_table(("name", "detail"), [("n" * 20, "word " * 20)], wrapped={"detail"})
    text = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)

    assert "n" * 20 in text
    assert text.split().count("word") == 20
    assert max(len(line) for line in text.splitlines()) <= 40


def test_a_text_beside_a_head_is_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs and grep see a finding whole."""
    say_beside("problem  ", "word " * 100)

    assert capsys.readouterr().out.count("\n") == 1


def test_a_text_beside_a_head_hangs_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal further lines begin below the first word of the text."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say_beside("head  ", "word " * 30)
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) > 1
    assert all(line.startswith("      word") and len(line) <= 60 for line in lines[1:])


def test_warnings_are_not_output(capsys: pytest.CaptureFixture[str]) -> None:
    """What is for people beside the answer goes to standard error."""
    warn("careful")

    assert capsys.readouterr() == ("", "ingestor: careful\n")


def test_failing_ends_with_1_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Each reason is a line on standard error."""
    with pytest.raises(SystemExit) as ended:
        fail("first", "second")

    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "ingestor: first\ningestor: second\n")


def test_every_problem_of_a_configuration_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing has to be tried twice to learn of the second fault."""
    with pytest.raises(SystemExit):
        explain_and_exit(ConfigError([Problem("is wrong", "a.yaml:3"), Problem("is missing", "a.yaml:9")]))

    assert capsys.readouterr().err == "ingestor: a.yaml:3: is wrong\ningestor: a.yaml:9: is missing\n"


def test_errors_of_tasks_are_explained_like_others(capsys: pytest.CaptureFixture[str]) -> None:
    """What task groups wrap, one in the other, is unwrapped."""
    inner = ExceptionGroup("inner", [DataDirError("locked")])
    with pytest.raises(SystemExit):
        explain_and_exit(ExceptionGroup("outer", [inner, ListenError("taken")]))

    assert capsys.readouterr().err == "ingestor: locked\ningestor: taken\n"


@pytest.mark.parametrize(
    "error", [KeyError("x"), ExceptionGroup("both", [DataDirError("locked"), KeyError("x")])], ids=["alone", "grouped"]
)
def test_faults_of_ours_are_not_hidden(error: Exception) -> None:
    """What no person can mend by doing something else is raised, with its traceback."""
    with pytest.raises(type(error)):
        explain_and_exit(error)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_any_encoding_will_do(tmp_path: Path, unbuffered: str) -> None:
    """What it has no letter for is escaped, and no error."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(1, topic="räck/温度")])
    env = {"PYTHONIOENCODING": "latin-1", "PYTHONUNBUFFERED": unbuffered}
    found = ingestor("journal", "dump", "--config", file, env=env, piped="iconv -f latin1 -t utf8")

    assert (found.code, found.err) == (0, "")
    assert "räck/\\u6e29\\u5ea6" in found.out


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, reader: str) -> None:
    """`| head` ends the command quietly and well."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(number) for number in range(5_000)])
    found = ingestor("journal", "dump", "--config", file, piped=reader)

    assert found.err == ""
    assert found.code == 0


def test_output_is_whole_without_pythons_own_buffer() -> None:
    """A pipe that takes a part of a write only, while a signal comes, gets the rest as well."""
    script = (
        "import signal, sys; from ingestor.cli.output import buffer_output, say;"
        "signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01);"
        "buffer_output(); say('x' * 1_000_000)"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        select.select([child.stdout], [], [], 30)
        first = os.read(child.stdout.fileno(), 1)
        rest = child.stdout.read()

    assert len(first + rest) == 1_000_001


def test_a_full_disk_behind_the_output_is_told() -> None:
    """One line, and 1 at the end: what was to be said did not arrive."""
    script = "from ingestor.cli.output import flush, say; [say('x' * 100_000) for _ in range(3)]; flush()"
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert ended.returncode == 1
    assert ended.stderr == "ingestor: standard output cannot be written: No space left on device\n"
