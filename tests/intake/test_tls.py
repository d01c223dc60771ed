"""TLS settings."""

import ssl
from pathlib import Path

import pytest
import trustme

from ingestor.config import Mqtt
from ingestor.errors import ConfigError
from ingestor.intake.tls import tls_context


def config(url: str = "mqtts://127.0.0.1", **tls: Path) -> Mqtt:
    """The configuration with these files."""
    return Mqtt.model_validate({"url": url, "tls": {name: str(path) for name, path in tls.items()}})


def test_plain_connections_have_none() -> None:
    """`mqtt://` is without TLS."""
    assert tls_context(config("mqtt://127.0.0.1")) is None


def test_the_broker_is_verified() -> None:
    """Without any setting the broker must show a certificate of its name."""
    context = tls_context(config())

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_only_the_given_authority_is_trusted(tmp_path: Path) -> None:
    """With `ca`, the system's authorities do not count."""
    trustme.CA(organization_name="Farm").cert_pem.write_to_path(tmp_path / "ca.pem")
    context = tls_context(config(ca=tmp_path / "ca.pem"))

    assert context is not None
    assert context.cert_store_stats()["x509_ca"] == 1
    assert "Farm" in str(context.get_ca_certs())


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_files_that_cannot_be_used_are_faults_of_the_configuration(tmp_path: Path, content: str | None) -> None:
    """The key in the configuration and the file are named."""
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content, encoding="ascii")

    with pytest.raises(ConfigError, match=r"mqtt\.tls\.ca: .*file\.pem"):
        tls_context(config(ca=path))
    with pytest.raises(ConfigError, match=r"mqtt\.tls\.cert: .*file\.pem"):
        tls_context(config(cert=path, key=path))
