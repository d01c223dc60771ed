"""The short keys of announcements."""

from ingestor.routing.announcements.abbreviations import OF_COMPONENT, OF_DEVICE, written_out

NO_OBJECTS: tuple[object, ...] = ([], "x", None, 5)


def test_short_keys_are_written_out() -> None:
    """Keys that are long or unknown stay as they are."""
    found = written_out({"stat_t": "a/b", "val_tpl": "{{ value }}", "name": "x", "ic": "mdi:x"}, OF_COMPONENT)

    assert found["state_topic"] == "a/b"
    assert found["value_template"] == "{{ value }}"
    assert found["name"] == "x"


def test_the_long_form_counts_where_both_are_there() -> None:
    """As nobody means both."""
    assert written_out({"ids": "a", "identifiers": "b"}, OF_DEVICE)["identifiers"] == "b"


def test_what_is_no_object_has_no_keys() -> None:
    """A list of nothing, a text, nothing."""
    assert [written_out(value, OF_DEVICE) for value in NO_OBJECTS] == [{}, {}, {}, {}]
