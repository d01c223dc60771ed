"""Which store an address or a configuration names."""

from pathlib import Path
from typing import Any

import pytest

from ingestor import configfile
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.question import QuestionError
from ingestor.reader.sources import make_source, source_at
from ingestor.reader.sqlitesource import SqliteSource


def server(address: str) -> tuple[Any, ...]:
    """Where the server at an address is: URL, organisation and token."""
    source = source_at(address)
    assert isinstance(source, InfluxSource)
    of = source._server
    return of.url, of.org, of.token and of.token.get_secret_value()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("influxdb://t0ken==@host:8086/Farm", ("http://host:8086", "Farm", "t0ken==")),
        ("influxdb://a%40b%2Fc:d@host/My%20Org", ("http://host:8086", "My Org", "a@b/c:d")),
        ("influxdbs://token@host/Farm/", ("https://host", "Farm", "token")),
        ("influxdb://[::1]:9999", ("http://[::1]:9999", None, None)),
    ],
)
def test_addresses_of_servers(address: str, expected: tuple[Any, ...]) -> None:
    """Token, host, port and organisation are taken from it; the port is 8086 where none is named, or that of TLS."""
    assert server(address) == expected


@pytest.mark.parametrize(
    ("address", "folder"), [("sqlite:data/stores/local", "data/stores/local"), ("sqlite:/a b", "/a b")]
)
def test_addresses_of_folders(address: str, folder: str) -> None:
    """What follows sqlite: is a folder."""
    source = source_at(address)

    assert isinstance(source, SqliteSource)
    assert source._directory == Path(folder)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sqlite:",
        "data/stores",
        "http://secret@host:8086",
        "influxdb://secret@",
        "influxdb://secret@host:port",
        "influxdb://secret@h/o?x",
    ],
)
def test_what_is_no_address(address: str) -> None:
    """It is told what one looks like, without showing what may be a token."""
    with pytest.raises(
        QuestionError, match="an address of a store is sqlite:FOLDER, or influxdb://TOKEN@HOST"
    ) as caught:
        source_at(address)

    assert "secret" not in str(caught.value)


def test_stores_of_a_configuration(tmp_path: Path) -> None:
    """Each kind of store has its source."""
    text = "stores:\n  here: {}\n  there: {kind: influxdb, url: 'http://host:8086', org: Farm, token: t}\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    config = configfile.load(tmp_path / "config.yaml", environ={})

    assert isinstance(make_source(config, "here"), SqliteSource)
    assert isinstance(make_source(config, "there"), InfluxSource)
