"""Where an InfluxDB server is, and how to be let in."""

import ssl
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from ingestor.errors import StoreMisconfiguredError


class Server(NamedTuple):
    """One entry of `stores` of kind influxdb, as far as it is about reaching the server."""

    url: str
    org: str | None = None
    token: SecretStr | None = None
    ca: Path | None = None
    proxy: SecretStr | None = None
    timeout_secs: float = 30.0

    @property
    def authorization(self) -> str | None:
        """The header of that name; InfluxDB 1 takes `user:password` in the token's place."""
        return f"Token {self.token.get_secret_value()}" if self.token else None

    @property
    def of_org(self) -> dict[str, str]:
        """The organisation as a parameter of a request; nothing where none is named."""
        return {"org": self.org} if self.org else {}

    def trust(self) -> ssl.SSLContext | None:
        """Which certificates to trust; None for http://.

        Raises:
            StoreMisconfiguredError: `ca` cannot be read, or holds no certificate.
        """
        if not self.url.startswith("https://"):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise StoreMisconfiguredError(f"the certificates of {self.ca} cannot be used: {error}") from error
