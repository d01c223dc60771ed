"""Whether the broker lets us in, grants each subscription, and what it keeps while we are away."""

import asyncio
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ingestor.cli.checks.finding import Finding, Level, note, ok, problem
from ingestor.cli.checks.routes import subscriptions
from ingestor.cli.mqttclient import connected
from ingestor.cli.running import Who, ask_service
from ingestor.cli.units import counted, readable_span
from ingestor.config import Config, Mqtt
from ingestor.errors import BrokerError, ConfigError, ListenError
from ingestor.intake import EmbeddedBroker
from ingestor.intake.probe import Finding as Probed
from ingestor.intake.probe import probe

_WANTED_EXPIRY_SECS = 7 * 86_400
_VERSION_TOPIC = "$SYS/broker/version"
_VERSION_SECS = 1.0


async def check_broker(config: Config) -> list[Finding]:
    """Everything about the broker; of an embedded one, whether it starts."""
    if config.mqtt.embedded_broker:
        return await _check_embedded(config)
    return await _check_external(config.mqtt, config)


async def _check_embedded(config: Config) -> list[Finding]:
    """Start one as the service would, in a folder of its own, and ask it."""
    with tempfile.TemporaryDirectory(prefix="ingestor-check-") as folder:
        try:
            async with EmbeddedBroker(config.mqtt, Path(folder)) as broker:
                started = ok("embedded broker", f"starts on port {broker.port}")
                return [started, *await _ask(broker.client_settings, config)]
        except ListenError as error:
            if ask_service(config.web).who is Who.SERVICE:
                return [ok("embedded broker", "the running service has started it")]
            return [problem("embedded broker", str(error))]


async def _check_external(mqtt: Mqtt, config: Config) -> list[Finding]:
    found = await _ask(mqtt, config)
    if found[0].level is Level.PROBLEM:
        return found
    return [*found, _queue_note(await _says_of_itself(mqtt))]


async def _ask(mqtt: Mqtt, config: Config) -> list[Finding]:
    """What the broker answers; first of all whether it lets us in."""
    filters = subscriptions(config)
    client_id = f"ingestor-check-{secrets.token_hex(4)}"  # never that of the service, whose session it would take over
    try:
        probed = await probe(mqtt, client_id=client_id, filters=filters)
    except ConfigError as error:
        return [problem(one.where or "broker", one.what) for one in error.problems]
    except BrokerError as error:
        return [problem("broker", f"{mqtt.url}: {error}")]
    return [ok("broker", f"{mqtt.url} accepts us and speaks MQTT {probed.protocol}"), *_granted(probed, len(filters)),
            *_limits(probed)]  # fmt: skip


def _granted(probed: Probed, asked: int) -> Iterator[Finding]:
    for words in probed.refused:
        yield problem("subscription", f"{words}; allow it in the broker's access list, or change the route")
    for name in probed.only_qos_0:
        yield note("subscription", f"{name} is granted at QoS 0 only: what is lost on the way is lost")
    if asked and not probed.refused:
        yield ok("subscription", f"{counted(asked, 'subscription')} granted")


def _limits(probed: Probed) -> Iterator[Finding]:
    """What the broker says of what it keeps for us."""
    if probed.protocol != "5":
        yield note("while away", "MQTT 3.1.1 does not say for how long the broker keeps messages while we are away")
        return
    granted = probed.session_expiry_secs
    if granted is not None and granted < _WANTED_EXPIRY_SECS:
        yield note(
            "while away",
            f"the broker forgets us after {readable_span(granted)} (7 days were asked for): what comes later is lost",
        )
    else:
        yield ok("while away", "the broker keeps our session for 7 days")
    if probed.maximum_qos == 0:
        yield note("broker", "allows QoS 0 only: what is lost on the way is lost")
    if probed.receive_maximum is not None:
        yield ok("broker", f"takes {counted(probed.receive_maximum, 'message')} of ours before it acknowledges")


def _queue_note(version: str | None) -> Finding:
    """The broker's half of the promise, which no subscriber can see."""
    keeps = "keeps only 1,000 messages for us while we are away and drops newer ones: set max_queued_messages 0"
    common = "; what devices publish at QoS 0 has no promise: let them publish at QoS 1"
    if version is None:
        return note("while away", f"how many messages it keeps it does not say; mosquitto as it comes {keeps}{common}")
    if "mosquitto" in version.lower():
        return note("while away", f"{version}: as it comes it {keeps}, and autosave_interval 5{common}")
    return note("while away", f"{version}: look up how many messages it keeps for a client that is away{common}")


async def _says_of_itself(mqtt: Mqtt) -> str | None:
    """What many brokers publish of themselves; None where it says nothing, or not to us."""
    try:
        async with asyncio.timeout(_VERSION_SECS), connected(mqtt) as client:
            await client.subscribe(_VERSION_TOPIC)
            async for message in client.messages:
                return bytes(message.payload).decode("utf-8", "backslashreplace") if message.payload else None
    except (BrokerError, TimeoutError):
        return None
    return None
