"""YAML read with lines, references and its traps."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestor.configfile.document import Document, parse
from ingestor.configfile.keys import Fault


def faults(text: str, **environ: str) -> list[tuple[str, int | None]]:
    """What is wrong with a text, and in which line."""
    document = parse(text, environ=environ)
    return [(fault.what, place(document, fault)) for fault in document.faults]


def place(document: Document, fault: Fault) -> int | None:
    """The line of a fault."""
    return fault.line if fault.line is not None else document.lines[fault.loc]


def test_values_are_those_of_yaml() -> None:
    """Without references and traps the data is what PyYAML makes of it."""
    text = 'a: {b: [1, 2.5, yes, null, text], "c": "0123"}\nd: 2000-01-01\ne:\n- x: &n {y: 1}\n- <<: *n\n  z: 2\n'

    assert parse(text, environ={}).data == yaml.safe_load(text)


def test_lines_of_keys_and_items() -> None:
    """Every key and every item of a list has its line, from 1."""
    document = parse("# first\na:\n  - x: 1\n  - y: {z: 2}\n", environ={})

    assert document.lines == {
        ("a",): 2,
        ("a", 0): 3,
        ("a", 0, "x"): 3,
        ("a", 1): 4,
        ("a", 1, "y"): 4,
        ("a", 1, "y", "z"): 4,
    }


def test_an_empty_file_says_nothing_wrong() -> None:
    """A file of comments alone leaves all defaults."""
    assert parse("# nothing\n", environ={}) == Document({}, {}, {}, ())


def test_keys_are_text_whatever_yaml_makes_of_them() -> None:
    """A field may be called on, 1 or null."""
    assert parse("on: 1\n1: 2\nnull: 3\n", environ={}).data == {"on": 1, "1": 2, "null": 3}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${NAME}", "worth"),
        ("'${NAME}'", "worth"),
        ("a ${NAME} b ${NAME}", "a worth b worth"),
        ("pa$$word", "pa$$word"),
        ("$NAME", "$NAME"),
        ("cost $", "cost $"),
        ("$${NAME}", "${NAME}"),
        ("${CHAIN}", "${NAME}"),
    ],
)
def test_references(written: str, value: str) -> None:
    """`${NAME}` is replaced once, anywhere in a text; `$${` stands for `${`; any other $ is itself."""
    document = parse(f"a: {written}\n", environ={"NAME": "worth", "CHAIN": "${NAME}"})

    assert document.data == {"a": value}
    assert document.faults == ()


def test_replaced_values_are_never_read_as_yaml() -> None:
    """What a variable holds is text, also where it looks like something else."""
    assert parse("a: ${X}\n", environ={"X": "on: [1"}).data == {"a": "on: [1"}


def test_texts_are_as_written() -> None:
    """What may be shown to a person is what stands in the file, not what a variable holds."""
    assert parse("a: ${X}\n", environ={"X": "hidden"}).texts == {("a",): "${X}"}


def test_missing_variables_are_all_found() -> None:
    """Each reference to what the environment does not have is a fault at its line."""
    assert faults("a: ${ONE}\nb:\n  c: x${TWO}${THREE}\n", THREE="3") == [
        ("the environment has no variable ONE; set it, or use a secret file a", 1),
        ("the environment has no variable TWO; set it, or use a secret file b__c", 3),
    ]


def test_a_missing_variable_in_a_list_has_no_secret_file() -> None:
    """Single items of a list cannot come from one."""
    assert faults("a: [x, '${ONE}']\n") == [("the environment has no variable ONE; set it", 1)]


@pytest.mark.parametrize("written", ["${", "${}", "${A B}", "${1A}", "x${NAME", "${NAME:-default}"])
def test_half_references_are_refused(written: str) -> None:
    """What begins like a reference and is none is not taken for text in silence."""
    ((what, line),) = faults(f'a: "{written}"\n', NAME="x")

    assert "$${" in what
    assert line == 1


@pytest.mark.parametrize("number", ["0123", "-0123", "00", "1:30", "190:20:30.15"])
def test_numbers_of_other_bases_are_refused(number: str) -> None:
    """YAML 1.1 takes 0123 for 83 and 1:30 for 90, which nobody means."""
    ((what, line),) = faults(f"x: 1\na: {number}\n")

    assert number in what
    assert line == 2


@pytest.mark.parametrize("number", ["0", "0.5", "-0.5", "10", "0x1F"])
def test_other_numbers_are_fine(number: str) -> None:
    """A zero in front of a point, or alone, is no trap."""
    assert faults(f"a: {number}\n") == []


def test_values_of_secrets_are_not_shown() -> None:
    """A fault about a password does not tell it."""
    ((what, _),) = faults("mqtt: {password: 0123}\n")

    assert "0123" not in what
    assert "quotes" in what


def test_repeated_keys_are_refused() -> None:
    """Of two equal keys none wins in silence; what `<<` brings is no repetition."""
    text = "a: 1\nb: &b {x: 1}\nc: {<<: *b, x: 2}\na: 2\nd:\n  e: 1\n  e: 2\n"

    assert faults(text) == [("given twice, in line 1 already", 4), ("given twice, in line 6 already", 7)]
    assert parse(text, environ={}).data["c"] == {"x": 2}


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a:\n\tb: 1\n", "indent with spaces", 2),
        ("\ta: 1\n", "indent with spaces", 1),
        ("a: 1\nb: c: d\n", "in quotes", 2),
        ("a: 1\nb: {x}/y\nc: 1\n", "begins with one of {", 2),
        ("routes:\n- topic: {rack}/a\n", 'in quotes, as in topic: "{rack}/temperature"', 2),
        ("a: */temperature\n", "begins with one of {", 1),
        ("a: *secret\n", "begins with one of {", 1),
        ("a: %\n", "begins with one of {", 1),
        ("a: !tag x\n", "cannot read this value", 1),
        ("a: 2000-99-99\n", "cannot read this value", 1),
        ("a: 'open\nb: 1\n", "unexpected end", 2),
        ("a: 1\n---\nb: 1\n", "second document", 2),
        ("a: 1\nb: \x07\n", "control character", 2),
        ("a: 1\n? [b]\n: 1\n", "a key is text", 2),
        ("a: &x [*x]\n", "refers to itself", 1),
        ("- a\n- b\n", "keys and values are expected", 1),
        ("just text\n", "keys and values are expected", 1),
        ("42\n", "keys and values are expected", 1),
        ("a: {<<: 1}\n", "not YAML", 1),
    ],
)
def test_what_yaml_cannot_read(text: str, words: str, line: int) -> None:
    """Each fault of the text has its line, and words that say what to do."""
    ((what, at),) = faults(text)

    assert words in what
    assert at == line


def test_faults_of_syntax_do_not_quote_the_file() -> None:
    """The text around a fault may be a secret."""
    ((what, _),) = faults("mqtt:\n  password: *hunter2\n")

    assert "hunter2" not in what


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than by telling the fault with a line of the file."""
    document = parse(text, environ={})

    assert all(1 <= (place(document, fault) or 0) <= text.count("\n") + 1 for fault in document.faults if fault.line)
    assert document.readable or document.faults


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="ascii")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
        max_leaves=10,
    ).map(lambda value: {"a": value})
)
def test_what_yaml_writes_is_read_back(value: dict[str, object]) -> None:
    """What PyYAML writes comes back equal, references apart."""
    text = yaml.safe_dump(value)
    if "${" not in text:
        assert parse(text, environ={}).data == value
