"""What was announced, and from when on."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import RETAIN, Message
from ingestor.routing.announced import Announced
from tests.routing.homes import KITCHEN, ROW, Home, body, outcome

TAGS = "area=Ground floor,device=0x1,model=TH-1,name=Kitchen"
STORED = f"Home: temperature,{TAGS} temperature=20.5"


def test_a_topic_is_taken_from_its_announcement_on() -> None:
    """What came before is unrouted; the announcement itself is no reading, also where the broker kept it."""
    home = Home()

    assert home.take("kitchen/temperature", "20.5") == "unrouted"
    assert home.announce(body()) == "ignored"
    assert home.take("kitchen/temperature", "20.5") == STORED
    assert home.table.announced_topics == ["kitchen/temperature"]


def test_a_topic_is_not_taken_any_more_when_its_announcement_is_taken_back() -> None:
    """An empty payload does that; what came in between stays taken."""
    home = Home()
    home.announce(body())
    home.take("kitchen/temperature", "20.5")

    assert home.announce(None) == "ignored"
    assert home.take("kitchen/temperature", "20.5") == "unrouted"
    assert home.table.announced_topics == []
    assert outcome(home.table, home.messages[1]) == STORED


def test_a_value_that_the_broker_kept_is_left_out() -> None:
    """As in any route that does not say otherwise."""
    home = Home()
    home.announce(body())

    assert home.take("kitchen/temperature", "20.5", flags=RETAIN) == "ignored"


def story() -> Home:
    """Readings between announcements that change, move, come again and are taken back."""
    home = Home()
    sensor = "homeassistant/sensor/kitchen/humidity/config"
    for told in (
        body(),
        body(unit_of_measurement="°F"),
        body("kitchen/state", value_template="{{ value_json.t }}"),
        None,
        body(),
        body(icon="mdi:x"),
    ):
        home.announce(told)
        for topic, payload in (("kitchen/temperature", "20.5"), ("kitchen/state", '{"t": 21.5, "h": 50}')):
            home.take(topic, payload)
        home.announce(
            body("kitchen/state", value_template="{{ value_json.h }}", device_class="humidity", unit_of_measurement="%")
            if told
            else None,
            sensor,
        )
        home.take("kitchen/state", '{"t": 21.5, "h": 50}')
    return home


def test_the_same_messages_give_the_same_again() -> None:
    """To the table that knows all announcements by then, and to a new one that reads the journal from its begin."""
    home = story()
    new, first = Home(), Home()
    first_time = [outcome(first.table, message) for message in home.messages]

    assert len(set(first_time)) == 5
    assert [outcome(home.table, message) for message in home.messages] == first_time
    assert [outcome(new.table, message) for message in home.messages] == first_time


def test_each_of_two_stores_uses_what_held_where_it_is() -> None:
    """One is ahead, one behind, and both read through one table."""
    expected = [outcome(home.table, message) for home in [Home()] for message in story().messages]
    home, found = Home(), []
    for at, message in enumerate(story().messages):
        outcome(home.table, message)
        if at >= 5:
            found.append(outcome(home.table, story().messages[at - 5]))

    assert found == expected[: len(found)]


def test_what_was_saved_is_known_after_a_restart() -> None:
    """In whatever order it is loaded; and nothing of it is saved again."""
    home = story()
    saved = home.table.announced.unsaved
    expected = [outcome(home.table, message) for message in home.messages]
    for order in list(permutations(saved))[::97]:
        again = Home()
        again.table.announced.load(order)

        assert [outcome(again.table, message) for message in home.messages] == expected
        assert again.table.announced.unsaved == ()
        assert again.table.announced_topics == home.table.announced_topics


def test_only_what_says_something_new_is_kept() -> None:
    """Devices announce the same at every start, and change what is of no account here."""
    home = Home()
    for told in (body(), body(), body(icon="mdi:thermometer"), body(), None, None):
        home.announce(told)

    assert [message.received_ns for message in home.table.announced.unsaved] == [1, 5]


def test_what_is_saved_need_not_be_saved_again() -> None:
    """What came meanwhile does."""
    home = Home()
    home.announce(body())
    saving = home.table.announced.unsaved
    home.announce(None)
    home.table.announced.saved(saving)

    assert [message.received_ns for message in home.table.announced.unsaved] == [2]


def test_what_no_message_needs_any_more_is_forgotten() -> None:
    """What holds at that time stays, and so does what came later; what was taken back before it is gone."""
    home = Home()
    home.announce(body())  # 1
    home.announce(body(unit_of_measurement="°F"))  # 2
    home.announce(body("attic/temperature"), "homeassistant/sensor/attic/temperature/config")  # 3
    home.announce(None, "homeassistant/sensor/attic/temperature/config")  # 4
    home.announce(body(unit_of_measurement="K"))  # 5
    home.table.announced.forget_before(5)
    taken = [outcome(home.table, Message("kitchen/temperature", b"300", at)) for at in (2, 3, 6)]

    assert [words.partition(":")[0] for words in taken] == ["unrouted", "Home", "Home"]
    assert home.table.announced.find("attic/temperature") is None
    assert home.announce(body("attic/temperature"), "homeassistant/sensor/attic/temperature/config") == "ignored"
    assert home.take("attic/temperature", "20.5") == STORED


def test_others_are_subscribed_to_only_when_other_topics_are_announced() -> None:
    """Whoever subscribes is told of that, and of nothing else."""
    home, told = Home(), []
    home.table.announced.changed = lambda: told.append(home.now)
    for one in (body(), body(unit_of_measurement="°F"), body("attic/temperature"), None, None):
        home.announce(one)
    home.take("attic/temperature", "20")

    assert told == [1, 3, 4]


def test_a_topic_is_wanted_for_as_long_as_one_announcement_names_it() -> None:
    """Many values have one topic."""
    home, told = Home(), []
    home.table.announced.changed = lambda: told.append(home.now)
    other = "homeassistant/sensor/kitchen/humidity/config"
    home.announce(body("k", value_template="{{ value_json.t }}"))
    home.announce(body("k", value_template="{{ value_json.h }}"), other)
    home.announce(None)

    assert home.take("k", '{"t": 20, "h": 21}').endswith(" h=21.0")
    home.announce(None, other)
    assert told == [1, 5]


def test_a_topic_that_a_row_takes_cannot_be_announced_away() -> None:
    """The row takes it as before, and it is told."""
    row = {"topic": "kitchen/{what}", "model": "temperature", "format": "value", "bucket": "Mine"}
    home = Home(ROW, row)
    home.announce(body())

    assert home.take("kitchen/temperature", "20.5").startswith("Mine: ")
    assert home.table.announced_topics == []
    assert home.table.announced.left_to_rows == {"kitchen/temperature"}


def test_what_another_subscription_brings_is_not_subscribed_to_again() -> None:
    """Some brokers would send it twice."""
    rows = [{"topic": topic, "model": "climate", "bucket": "B"} for topic in ("a/{x}", "{x}/b", "a/b")]
    home = Home(ROW, *rows)
    home.announce(body("x/y"))

    assert "+/+" in home.table.subscriptions
    assert home.table.announced_topics == []
    assert home.take("x/y", "20.5") == STORED


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (body("kitchen/+"), "not understood: state_topic has wildcards"),
        (body("#"), "state_topic has wildcards"),
        (body("{rack}/temperature"), "state_topic has wildcards"),
        (body("$SYS/broker/uptime"), "$SYS/broker/uptime: a topic of the broker itself"),
        (body("a" * 70_000), "a topic has between 1 and 65,535 bytes"),
        (body(value_template="{% for x in y %}"), "more than one value in {{ }}"),
        (body(value_template="{{ states('x') }}"), "states is not understood"),
        (body() | {"state_topic": 5}, "state_topic is no topic"),
        ([], "no announcement: not an object"),
    ],
)
def test_what_is_not_understood_is_set_aside_in_words(told: object, words: str) -> None:
    """And takes in nothing."""
    home = Home()
    said = home.announce(told)

    assert said.startswith("format: ")
    assert words in said
    assert home.table.announced_topics == []


def test_a_light_is_no_mistake() -> None:
    """Many devices announce what has no single value."""
    home = Home()

    assert home.announce({"state_topic": "lamp"}, "homeassistant/light/lamp/config") == "ignored"
    assert home.announce({"command_topic": "bell"}, "homeassistant/button/bell/config") == "ignored"


def test_what_is_announced_takes_no_more_than_its_bound() -> None:
    """What is beyond it is refused in words and counted, and does not hurt what is known, or taking things back."""
    home = Home()
    small = Announced(lambda _: False, lambda _: None, max_bytes=20_000)
    row = home.table.announced._rows[0]
    for number in range(100):
        said = small.tell(row, Message(f"homeassistant/sensor/n{number}/config", b'{"stat_t": "t%d"}' % number, number))

    assert "not taken in: all that is announced takes 20,000 bytes already" in said[0].detail
    assert small.refused == 100 - len(small)
    assert 3 < len(small) == len(small.topics) < 10
    small.tell(row, Message("homeassistant/sensor/n0/config", b"", 101))
    assert small.topics[0] == "t1"


def test_only_so_many_announcements_can_be_for_one_topic() -> None:
    """Each makes work for each message."""
    home = Home()
    said = [
        home.announce(
            body("k", value_template=f"{{{{ value_json.v{number} }}}}"), f"homeassistant/sensor/n{number}/config"
        )
        for number in range(201)
    ]

    assert set(said[:200]) == {"ignored"}
    assert "k: 200 announcements are for this topic already" in said[200]


def test_people_who_ask_are_told_that_a_topic_is_announced() -> None:
    """As they are told of rows."""
    home = Home()
    home.announce(body())
    taken = home.table.taken_by("kitchen/temperature")

    assert taken is not None
    assert (taken.where, taken.template) == ("announced", "kitchen/temperature")
    assert home.table.taken_by(KITCHEN) is not None


BODIES = (
    None,
    body("k", value_template="{{ value_json.t }}"),
    body("k", value_template="{{ value_json.h / 10 }}"),
    body("m", availability_topic="k"),
    body("m"),
    {"state_topic": 5},
)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(BODIES)),
    st.tuples(st.sampled_from(["k", "m"]), st.none()),
)


@given(st.lists(STEPS, max_size=25), st.integers(0, 25), st.randoms())
def test_whatever_is_announced_in_whatever_order_it_holds_for_what_came_then(
    steps: list[tuple[str, object]], since: int, random: Random
) -> None:
    """To the same table, to a new one, to one that loaded what was kept; and when what is not needed is forgotten."""
    home = Home()
    first = [
        home.take(where, '{"t": 1, "h": 2}')
        if where in "km"
        else home.announce(told, f"homeassistant/sensor/{where}/config")
        for where, told in steps
    ]
    kept = list(home.table.announced.unsaved)
    random.shuffle(kept)
    loaded, new = Home(), Home()
    loaded.table.announced.load(kept)
    for table in (home.table, new.table, loaded.table):
        assert [outcome(table, message) for message in home.messages] == first
        assert table.announced_topics == home.table.announced_topics
    for table in (home.table, loaded.table):
        table.announced.forget_before(since)
        assert [outcome(table, message) for message in home.messages[max(since - 1, 0) :]] == first[max(since - 1, 0) :]
        assert table.announced_topics == new.table.announced_topics
