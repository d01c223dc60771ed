"""What is measured: the service, Telegraf, and a subscriber that only acknowledges, which shows the broker's limit.

Each is started with a folder and a broker of its own, so that no run sees what another one left.
"""

import contextlib
import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bench import processes
from bench.broker import Broker, free_port, listens

SERVICE = """
data_dir: {folder}/data
mqtt: {{url: "mqtt://127.0.0.1:{broker}"}}
web: {{port: {web}}}
stores: {{bench: {store}}}
routes:
  - topic: "farm/{{rack}}/climate"
    model: rack_climate
    bucket: Farm
    measurement: climate
    time: {{field: ts, unit: ms}}
models:
  rack_climate:
    tags: [rack]
    fields:
      temperature: {{type: float, unit: "°C", min: -40, max: 85}}
      humidity: {{type: float, unit: "%", min: 0, max: 100}}
      battery: {{type: int, unit: "%", min: 0, max: 100}}
{more}
"""

TELEGRAF = """
[agent]
  metric_batch_size = 5000
  metric_buffer_limit = 1000000
  flush_interval = "1s"
  omit_hostname = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{broker}"]
  topics = ["farm/+/climate"]
  topic_tag = ""
  qos = 1
  client_id = "bench-telegraf"
  persistent_session = true
  max_undelivered_messages = 50000
  data_format = "json"
  name_override = "climate"
  json_time_key = "ts"
  json_time_format = "unix_ms"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "farm/+/climate"
    tags = "_/rack/_"
[[outputs.influxdb_v2]]
  urls = ["http://127.0.0.1:{sink}"]
  token = "none"
  organization = "bench"
  bucket = "bench"
"""


class Running(NamedTuple):
    """A contestant at work: its process, how many messages it is done with, and what it says of itself.

    `sent_bytes` are those of the bodies that a sink got from it; 0 where it sends to none.
    """

    pid: int
    done: Callable[[], int]
    details: Callable[[], Mapping[str, Any]] = dict
    sent_bytes: Callable[[], int] = lambda: 0


class Contestant(Protocol):
    """One way to take readings off a broker."""

    @property
    def name(self) -> str:
        """What it is called in the results."""

    def start(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path) -> Running:
        """Start it and return when it has subscribed; the stack ends it.

        Raises:
            TimeoutError: It did not get ready.
        """


def get_json(port: int, path: str) -> Any:  # noqa: ANN401 - whatever the other side says
    """The JSON that a server on loopback answers with."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


class Sink:
    """A server that only counts the lines it is sent, ended by the stack."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        self.port = free_port()
        command, log = [sys.executable, "-m", "bench.sink", str(self.port)], folder / "sink.log"
        stack.enter_context(processes.running(command, log=log))
        processes.wait_for(lambda: listens(self.port), what=f"the sink, see {log}")

    @property
    def lines(self) -> int:
        """How many it got."""
        return int(get_json(self.port, "/count")["lines"])

    @property
    def bytes(self) -> int:
        """How many bytes their bodies took, compressed."""
        return int(get_json(self.port, "/count")["bytes"])


class _Service:
    """This project's service, into some store. `settings` are further lines of its configuration."""

    def __init__(self, settings: str = "") -> None:
        self._settings = settings

    def _run(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path, store: str) -> tuple[int, int]:
        """Start `ingestor run` with a configuration of its own; returns its process id and the port of its status."""
        web, configuration = free_port(), folder / "config.yaml"
        configuration.write_text(
            SERVICE.format(folder=folder, broker=broker.port, web=web, store=store, more=self._settings),
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "ingestor", "run", "--config", str(configuration)]
        child = stack.enter_context(processes.running(command, log=folder / "ingestor.log"))
        processes.wait_for(lambda: listens(web), what=f"the service, see {folder}/ingestor.log")
        broker.wait_for_subscription()
        return child.pid, web


class Service(_Service):
    """The service, into its InfluxDB store, and that into a sink that only counts."""

    name = "ingestor"

    def start(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path) -> Running:
        """Start the sink, then the service."""
        sink = Sink(stack, folder)
        store = f'{{kind: influxdb, url: "http://127.0.0.1:{sink.port}", org: bench, token: none}}'
        pid, _ = self._run(stack, broker=broker, folder=folder, store=store)
        return Running(pid, lambda: sink.lines, sent_bytes=lambda: sink.bytes)


class ServiceWithSqlite(_Service):
    """The service, into its SQLite store."""

    name = "ingestor-sqlite"

    def start(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path) -> Running:
        """Start the service."""
        pid, web = self._run(stack, broker=broker, folder=folder, store="{kind: sqlite}")

        def store() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = get_json(web, "/api/status")["stores"][0]
            return answer

        def done() -> int:
            now = store()
            return int(now["stored"] + now["set_aside"])

        return Running(pid, done, store)


class Telegraf:
    """Telegraf, set up for the same work, into a sink that only counts."""

    name = "telegraf"

    def __init__(self, program: str) -> None:
        self._program = program

    def start(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path) -> Running:
        """Start the sink, then Telegraf."""
        sink, configuration = Sink(stack, folder), folder / "telegraf.conf"
        configuration.write_text(TELEGRAF.format(broker=broker.port, sink=sink.port))
        command = [self._program, "--config", str(configuration)]
        child = stack.enter_context(processes.running(command, log=folder / "telegraf.log"))
        broker.wait_for_subscription()
        return Running(child.pid, lambda: sink.lines, sent_bytes=lambda: sink.bytes)

    @classmethod
    def find(cls) -> "Telegraf | None":
        """Telegraf from $TELEGRAF or PATH, or None where there is none."""
        program = shutil.which(os.environ.get("TELEGRAF", "telegraf"))
        return cls(program) if program else None


class Bare:
    """A subscriber that only acknowledges."""

    name = "bare"

    def start(self, stack: contextlib.ExitStack, *, broker: Broker, folder: Path) -> Running:
        """Start the subscriber."""
        counter = folder / "received"
        command = [sys.executable, "-m", "bench.subscriber", str(broker.port), str(counter)]
        child = stack.enter_context(processes.running(command, log=folder / "bare.log"))
        broker.wait_for_subscription()
        return Running(child.pid, lambda: int.from_bytes(counter.read_bytes(), "big"))
