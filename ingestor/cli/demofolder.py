"""The folder of a demo: its configuration, as a file that the service can run with afterwards, and where what lies."""

import os
import socket
import tempfile
from pathlib import Path
from typing import NamedTuple, Self

from ingestor import configfile
from ingestor.config import Config
from ingestor.errors import DataDirError
from ingestor.stores.sqlite import bucket_path

BUCKET = "Farm"
_MQTT_PORT = 1883

_CONFIG = """\
# Made by `ingestor demo`. It is all that the service needs: ingestor run --config {file}
# For a broker of your own: set mqtt.url to it, leave out embedded_broker, and name your topics under routes.
data_dir: data

mqtt:
  url: mqtt://127.0.0.1:{mqtt_port}
  embedded_broker: true

routes:
  # A bare number on a topic for each quantity, as rack1/temperature.
  - {{topic: "{{rack}}/temperature", model: temperature, format: value, bucket: {bucket}}}
  - {{topic: "{{rack}}/humidity", model: humidity, format: value, bucket: {bucket}}}
  - {{topic: "{{rack}}/co2", model: co2, format: value, bucket: {bucket}}}
  - {{topic: "{{rack}}/light", model: light, format: value, bucket: {bucket}}}
  - {{topic: "{{rack}}/power", model: power, format: value, bucket: {bucket}}}
  # All of it in one JSON message, with the time of the device.
  - {{topic: "farm/{{rack}}/climate", model: climate, bucket: {bucket}, time: {{field: ts, unit: ms}}}}

stores:
  local: {{kind: sqlite}}

web: {{port: {web_port}}}
"""


class DemoFolder(NamedTuple):
    """Where a demo lives; the folder is kept, so that people can look into it."""

    path: Path
    config: Config

    @classmethod
    def make(cls, path: Path | None) -> Self:
        """Make the folder and its configuration, with ports that are free: for the broker 1883 if it is.

        Args:
            path: The folder, which must be empty if it is there; None for a new temporary one.

        Raises:
            DataDirError: It cannot be made, or something is in it.
        """
        folder = _empty_folder(path)
        file = folder / "config.yaml"
        text = _CONFIG.format(file=file, bucket=BUCKET, mqtt_port=_free_port(_MQTT_PORT), web_port=_free_port(0))
        file.write_text(text, encoding="utf-8")
        return cls(folder, configfile.load(file, environ={}, secrets_dir=folder))

    @property
    def config_file(self) -> Path:
        """Its configuration."""
        return self.path / "config.yaml"

    @property
    def log_file(self) -> Path:
        """Where the service of the demo writes its log."""
        return self.path / "ingestor.log"

    @property
    def bucket_file(self) -> Path:
        """The SQLite file of all readings."""
        return bucket_path(self.config.store_path("local"), BUCKET)


def _empty_folder(path: Path | None) -> Path:
    try:
        if path is None:
            return Path(tempfile.mkdtemp(prefix="ingestor-demo-"))
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.scandir(path) as inside:
            taken = next(inside, None)
    except OSError as error:
        raise DataDirError(f"{path or tempfile.gettempdir()} cannot be used: {error.strerror}") from error
    if taken is not None:
        raise DataDirError(f"{path} is not empty; a demo wants a folder of its own")
    return path.absolute()


def _free_port(wanted: int) -> int:
    """That port of loopback, or a free one where it is taken (0 takes any)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return _free_port(0)
        return int(probe.getsockname()[1])
