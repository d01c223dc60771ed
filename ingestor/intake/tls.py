"""The TLS settings of the connection to the broker."""

import ssl

from ingestor.config import Mqtt
from ingestor.errors import ConfigError, Problem


def tls_context(config: Mqtt) -> ssl.SSLContext | None:
    """What `mqtts://` connections are made with; None for `mqtt://`. Reads the certificate files.

    Raises:
        ConfigError: A file is not there or holds no certificate or key.
    """
    if not config.secure:
        return None
    tls = config.tls
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except OSError as error:
        raise ConfigError([Problem(f"cannot read {tls.ca}: {error}", "mqtt.tls.ca")]) from None
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key)
        except OSError as error:
            raise ConfigError([Problem(f"cannot use {tls.cert} with {tls.key}: {error}", "mqtt.tls.cert")]) from None
    return context
