"""Announcements as devices make them."""

import json

from ingestor.routing.announcements.announcement import Announced, Announcement, read_announcement


def announce(body: object, topic: str = "homeassistant/sensor/kitchen/temperature/config") -> Announced:
    """What a message with this JSON announces."""
    return read_announcement(topic, json.dumps(body).encode())


def only(found: Announced) -> Announcement:
    """The one value of it."""
    assert found.strange == ()
    assert len(found.readings) == 1
    return found.readings[0]


def sensor(**body: object) -> Announcement:
    """The value of a sensor that is announced on a topic of its own."""
    return only(announce({"state_topic": "kitchen/state", **body}))
