"""Whatever the bytes of a payload: points, or a reason why not, and soon."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.routing.helpers import JSON
from tests.routing.hostile import Mutator, giants, judge
from tests.routing.seeds import COMPRESS, CSV, ENCODE, KINDS, LINES, Case, cases

MUTATED = 30_000
MAX_SECS = 2.0
"""Of processor time, for payloads of up to 128 KiB before they are compressed."""
NAMES = st.sampled_from(["temperature", "count", "ok", "state", "mode", "probe", "ts", "time", "data", "readings", "t"])
BINARY = st.binary() | st.integers(-(2**63), 2**64 - 1) | st.datetimes().map(str)
DOCUMENTS = st.dictionaries(NAMES | st.text(max_size=5), JSON | st.integers(-99, 99), max_size=6)
DEEP = st.fixed_dictionaries({"data": st.fixed_dictionaries({"readings": st.lists(DOCUMENTS, max_size=3)})})
WORDS = st.text(st.sampled_from('0123456789.-+eE,=" \\\n\r\tmtfinua#;:{}[]'))


def written(kind: str) -> st.SearchStrategy[bytes]:
    """Payloads of a format, well written or nearly so."""
    if kind in COMPRESS:
        return (st.binary() | DOCUMENTS.map(ENCODE["json"])).map(COMPRESS[kind]) | st.binary()
    if kind in ENCODE:
        return (DOCUMENTS | DEEP | JSON).filter(lambda value: encodable(kind, value)).map(ENCODE[kind]) | st.binary()
    known = st.sampled_from([*CSV, *LINES])
    lines = st.lists(known | WORDS.map(str.encode), max_size=4).map(b"".join)
    return lines | WORDS.map(str.encode) | st.floats().map(lambda number: repr(number).encode()) | st.binary()


def encodable(kind: str, value: object) -> bool:
    """Whether the format has such numbers and texts."""
    try:
        ENCODE[kind](value)
    except (OverflowError, ValueError):
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_payload_gives_points_or_reasons(kind: str, data: st.DataObject) -> None:
    """For each route of each format; and again the same, because nothing is kept from one payload to the next."""
    case = data.draw(st.sampled_from(cases(kind)))
    payload = data.draw(written(kind))
    first = judge(case, payload)

    assert said(first) == said(judge(case, payload))


def said(verdict: object) -> str:
    """What became of a payload, comparable."""
    return repr(verdict)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_payloads_give_points_or_reasons_soon(kind: str) -> None:
    """Tens of thousands of each format; `bench/fuzz.py` does the same with millions."""
    mutator = Mutator(kind, seed=1)
    for _ in range(MUTATED):
        case, payload = mutator.next()

        assert took(case, payload) < MAX_SECS, (case.topic, payload)


def took(case: Case, payload: bytes) -> float:
    """Seconds of this thread's processor time."""
    began = time.thread_time()
    judge(case, payload)
    return time.thread_time() - began


@pytest.mark.parametrize(("topic", "payload"), giants(2**20), ids=lambda value: value if isinstance(value, str) else "")
def test_large_payloads_take_time_by_their_size(topic: str, payload: bytes) -> None:
    """A MiB of what is most laborious is done with in seconds, whatever it becomes."""
    case = next(case for case in cases(topic.partition("/")[0]) if case.topic == topic)

    assert took(case, payload) < 20
