"""Who may connect to amqtt in our process; see test_broker.py for the rest."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("amqtt")

from ingestor.intake.amqtt_broker import Accounts


@pytest.mark.parametrize(
    ("users", "name", "word", "may"),
    [
        ({}, None, None, True),
        ({"farm": "barn"}, "farm", "barn", True),
        ({"farm": "barn"}, "farm", "wrong", False),
        ({"farm": "barn"}, "farm", None, False),
        ({"farm": "barn"}, "other", "barn", False),
        ({"farm": "barn"}, None, None, False),
    ],
)
def test_only_named_users_may_connect(users: dict[str, str], name: str | None, word: str | None, *, may: bool) -> None:
    """Everybody may where nobody is named; else name and password must be right."""
    context: Any = SimpleNamespace(config=Accounts.Config(users=users))
    session: Any = SimpleNamespace(username=name, password=word)

    assert asyncio.run(Accounts(context).authenticate(session=session)) is may


def test_passwords_do_not_show() -> None:
    """The configuration of the plugin can be printed."""
    assert "barn" not in repr(Accounts.Config(users={"farm": "barn"}))
