"""From what a payload says to its readings."""

import pytest

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.path import Path
from ingestor.routing.unpack import MAX_NAME, MAX_READINGS, MAX_UNKNOWN, TagText, Unpacker, WholeNumber, unknown


def unpacker(each: str | None = None, each_key: str | None = None, **paths: str) -> Unpacker:
    """What a row says of its payloads."""
    return Unpacker(
        {name: Path.parse(text) for name, text in paths.items()},
        each=None if each is None else Path.parse(each),
        each_key=each_key,
        reason=Reason.NOT_JSON,
    )


def test_an_object_is_one_reading() -> None:
    """Keys are names; values that stand deeper are found by their path, and what they stand in is gone."""
    assert unpacker()({"t": 1}) == [{"t": 1}]
    assert unpacker(t="a.t")({"a": {"t": 1, "u": 2}, "h": 3}) == [{"h": 3, "t": 1}]
    assert unpacker().plain
    assert not unpacker(t="a.t").plain


def test_each_item_is_a_reading() -> None:
    """Of a list or an object, anywhere; its number or key may be a tag, and paths may begin at the root."""
    assert unpacker("r")({"r": [{"t": 1}, {"t": 2}]}) == [{"t": 1}, {"t": 2}]
    assert unpacker("$", "n")({"a": {"t": 1}, "b": {"t": 2}}) == [{"t": 1, "n": "a"}, {"t": 2, "n": "b"}]
    assert unpacker("r", v=".", ts="$.ts")({"ts": 9, "r": [1, 2]}) == [{"v": 1, "ts": 9}, {"v": 2, "ts": 9}]


@pytest.mark.parametrize(
    ("each", "document", "reason"),
    [
        (None, [1], Reason.NOT_JSON),
        ("r", {}, Reason.NOT_JSON),
        ("r", {"r": 5}, Reason.NOT_JSON),
        ("r", {"r": []}, Reason.EMPTY),
        ("$", [{}] * (MAX_READINGS + 1), Reason.NOT_JSON),
    ],
)
def test_payloads_of_another_form_are_refused(each: str | None, document: object, reason: Reason) -> None:
    """With a reason, and in words."""
    with pytest.raises(UnreadableError) as caught:
        unpacker(each)(document)

    assert caught.value.reason is reason


def test_unknown_values_are_told_apart() -> None:
    """Nested ones by their path; numbers are floats unless they are told whole; text that is a tag is one."""
    values = {"t": 1, "n": {"a": 2, "b": [True, "x"]}, "w": WholeNumber(3), "k": TagText("7"), "z": None}
    found = unknown(values, {"t"}, store=True)

    assert tuple(found) == ({"n.a": 2.0, "n.b.0": True, "n.b.1": "x", "w": 3}, {"k": "7"}, {})
    assert [type(found.fields[name]) for name in ("n.a", "w")] == [float, int]
    assert unknown(values, {"t"}, store=False) == ({}, {"k": "7"}, {})


def test_what_cannot_be_stored_is_told() -> None:
    """Names and numbers that no store takes; each under a name that can be shown."""
    found = unknown({"time": 1, "a\nb": 2, "big": 10**400, "nan": float("nan"), "": 3, " ": 4}, (), store=True)

    assert set(found.refused) == {"time", "a b", "big", "nan", '""', " "}
    assert found.fields == {}


def test_names_are_bounded() -> None:
    """A name that is long, or becomes so by nesting, is refused before anything is looked for below it."""
    deep: object = 1
    for _ in range(100_000):
        deep = {"a": deep}
    found = unknown({"x" * 10**6: {str(at): at for at in range(900)}, "d": deep, "n" * MAX_NAME: 1}, (), store=True)

    assert found.fields == {"n" * MAX_NAME: 1.0}
    assert [len(name) for name in found.refused] == [40, 40]


def test_a_name_that_comes_twice_is_told() -> None:
    """A nested value never takes the place of another, nor of what the model knows."""
    found = unknown({"a": {"b": 1}, "a.b": 2, "t": {"u": 3}}, {"t.u"}, store=True)

    assert found.fields == {"a.b": 2.0}
    assert set(found.refused) == {"a.b", "t.u"}


@pytest.mark.parametrize(("name", "text"), [("time", "x"), ("", "x"), ("a\tb", "x"), ("a", ""), ("a", "x\ny")])
def test_a_tag_that_cannot_be_stored_refuses_the_reading(name: str, text: str) -> None:
    """Without it the reading would be of another series."""
    with pytest.raises(UnreadableError) as caught:
        unknown({name: TagText(text)}, (), store=False)

    assert caught.value.reason is Reason.TAG


def test_what_stands_beside_a_path_is_unknown() -> None:
    """Where it is wanted, all is found but what the paths lead to, which has its own name already."""
    paths = {"t": Path.parse("a[0].t"), "h": Path.parse("hum"), "p": Path.parse("$.b.p")}
    unpack = Unpacker(paths, reason=Reason.NOT_JSON, whole=True)
    (reading,) = unpack({"a": [{"t": 1, "u": 2}], "hum": 3, "b": {"p": 4, "q": 5}})

    assert isinstance(reading, dict)
    assert (reading["t"], reading["h"], reading["p"]) == (1, 3, 4)
    assert unknown(reading, {"t", "h", "p"}, store=True, moved=unpack.moved).fields == {"a.0.u": 2.0, "b.q": 5.0}


def test_too_many_are_refused() -> None:
    """A payload cannot invent fields without end."""
    with pytest.raises(UnreadableError, match="more than"):
        unknown({str(at): at for at in range(MAX_UNKNOWN + 1)}, (), store=True)
