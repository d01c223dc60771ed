"""What the reader asks of a store is what each store's source answers."""

import inspect

import pytest

from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.source import Source
from ingestor.reader.sqlitesource import SqliteSource

QUESTIONS = [name for name, asked in vars(Source).items() if inspect.isfunction(asked) and not name.startswith("_")]


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("source", [SqliteSource, InfluxSource])
def test_sources_are_asked_alike(source: type[Source], name: str) -> None:
    """A question has the same arguments whatever the store, and is awaited, or streamed, as the protocol says."""
    asked, answering = vars(Source)[name], getattr(source, name)

    assert list(inspect.signature(answering).parameters) == list(inspect.signature(asked).parameters)
    assert inspect.iscoroutinefunction(answering) is inspect.iscoroutinefunction(asked)
    assert inspect.isasyncgenfunction(answering) is not inspect.iscoroutinefunction(asked)
