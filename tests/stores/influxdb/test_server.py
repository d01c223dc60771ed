"""How a server is reached: its token, and whose certificates count."""

from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from ingestor.errors import StoreMisconfiguredError
from ingestor.stores.influxdb.server import Server


def test_a_token_goes_into_the_header_and_nowhere_else() -> None:
    """The header carries the token; printing the server does not show it."""
    server = Server("http://farm:8086", token=SecretStr("hunter2"))

    assert server.authorization == "Token hunter2"
    assert "hunter2" not in repr(server)
    assert Server("http://farm:8086").authorization is None


def test_the_organisation_goes_along_where_one_is_named() -> None:
    """InfluxDB 1 has none."""
    assert Server("http://farm:8086", "farm").of_org == {"org": "farm"}
    assert Server("http://farm:8086").of_org == {}


def test_certificates_count_with_tls_alone(tmp_path: Path) -> None:
    """With https:// there is a context, with a file of one's own too; without TLS there is none."""
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))

    assert Server("http://farm").trust() is None
    assert Server("https://farm").trust() is not None
    trusted = Server("https://farm", ca=ca).trust()
    assert trusted is not None
    assert len(trusted.get_ca_certs()) == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_certificates_that_cannot_be_used_are_named(tmp_path: Path, content: bytes | None) -> None:
    """A file that is not there, or is no certificate, is a fault that only a person can mend."""
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(StoreMisconfiguredError, match=r"ca\.pem cannot be used"):
        Server("https://farm", ca=ca).trust()
