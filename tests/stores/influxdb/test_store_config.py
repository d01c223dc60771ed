"""From the configuration to a real InfluxDB: token from a secret, an authority of one's own, a proxy."""

import ssl
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import trustme

from ingestor import configfile
from ingestor.config import Config
from ingestor.stores import make_store
from tests.builders import point, series
from tests.cli.commands import write_config
from tests.servers.httpproxy import HttpProxy
from tests.servers.influxdb import InfluxDB
from tests.servers.tlsfront import TlsFront
from tests.support import run


@pytest.fixture
def bucket(influxdb: InfluxDB) -> str:
    """A bucket of its own."""
    name = f"Farm-{uuid4()}"
    influxdb.create_bucket(name)
    return name


async def write(config: Config, bucket: str) -> object:
    """What is rejected of one point, and what check says."""
    async with make_store(config, "farm") as store:
        return list(await store.write([point(series(bucket))])), list(await store.check([bucket]))


def test_a_token_from_a_secret_file_and_an_authority_of_ones_own(
    influxdb: InfluxDB, bucket: str, tmp_path: Path
) -> None:
    """A real server behind TLS takes the points; the path of `ca` starts at the configuration."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "farm-ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "stores__farm__token").write_text(f"{influxdb.token}\n")

    async def main() -> object:
        async with TlsFront(influxdb.port, context) as front:
            farm = {"kind": "influxdb", "url": front.url, "org": influxdb.org, "ca": "farm-ca.pem"}
            file = write_config(tmp_path, stores={"farm": farm})
            return await write(configfile.load(file, environ={}, secrets_dir=tmp_path / "secrets"), bucket)

    assert run(main()) == ([], [])
    assert influxdb.values(bucket, "climate", "temperature") == ["21.5"]


def test_a_token_from_the_environment_and_a_proxy(influxdb: InfluxDB, bucket: str, tmp_path: Path) -> None:
    """A real server behind a proxy with a password takes the points; both secrets stay out of the configuration."""

    async def main() -> object:
        async with HttpProxy(user="eve:hunter2") as proxy:
            of_proxy = f"http://eve:${{PROXY_PASSWORD}}@{proxy.address}"
            farm = {**influxdb.store(), "token": "${TOKEN}", "proxy": of_proxy}
            file = write_config(tmp_path, stores={"farm": farm})
            config = configfile.load(file, environ={"TOKEN": influxdb.token, "PROXY_PASSWORD": "hunter2"})
            assert "hunter2" not in repr(config)
            assert influxdb.token not in repr(config)
            return await write(config, bucket), len(proxy.heads)

    assert run(main()) == (([], []), 1)
    assert influxdb.values(bucket, "climate", "temperature") == ["21.5"]


def test_buckets_are_made_as_the_configuration_declares_them(influxdb: InfluxDB, tmp_path: Path) -> None:
    """With `create_buckets`, and with the retention of `buckets`."""
    name = f"Farm-{uuid4()}"
    file = write_config(
        tmp_path,
        stores={"farm": influxdb.store(create_buckets=True)},
        buckets=[{"name": name, "description": "what grows", "retention": "100000d"}],
    )

    assert run(write(configfile.load(file, environ={}), name)) == ([], [])
    (made,) = influxdb.call("GET", f"/api/v2/buckets?name={name}")["buckets"]
    assert (made["description"], made["retentionRules"][0]["everySeconds"]) == ("what grows", 100_000 * 86_400)


def test_who_writes_to_sqlite_loads_no_http_client() -> None:
    """It costs memory, and so does the client of InfluxDB."""
    program = (
        "import sys; from ingestor.config import Config; from ingestor.stores import make_store; "
        "make_store(Config(), 'local'); "
        "sys.exit(str([name for name in ('aiohttp', 'influxdb_client') if name in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert found.stderr == "[]\n"
