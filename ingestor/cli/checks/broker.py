"""Whether the broker lets us in, grants each subscription, and what it keeps while we are away."""

import asyncio
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestor.cli.checks.finding import Finding, Level, note, ok, problem
from ingestor.cli.checks.routes import subscriptions
from ingestor.cli.mqttclient import connected
from ingestor.cli.output import LOGIN_ADVICE
from ingestor.cli.running import Who, ask_service
from ingestor.cli.units import readable_span
from ingestor.config import Config, Mqtt
from ingestor.errors import BrokerError, BrokerRefusedError, ConfigError, ListenError
from ingestor.intake import EmbeddedBroker
from ingestor.intake.mosquitto import find_mosquitto
from ingestor.intake.mqtt import SESSION_EXPIRY_SECS
from ingestor.intake.probe import Finding as Probed
from ingestor.intake.probe import probe

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
                return [_embedded(broker.port), *await _ask(broker.client_settings, config)]
        except ListenError as error:
            if ask_service(config.web).who is Who.SERVICE:
                return [ok("embedded broker", "the running service has started it")]
            return [problem("embedded broker", str(error))]


def _embedded(port: int) -> Finding:
    if find_mosquitto() is None:
        return note(
            "embedded broker",
            f"starts on port {port}, but no mosquitto is installed, and what takes its place is for trying things out: "
            "it keeps nothing over a restart, and never sends again what was under way (apt-get install mosquitto)",
        )
    return ok("embedded broker", f"a mosquitto starts on port {port}")


async def _check_external(mqtt: Mqtt, config: Config) -> list[Finding]:
    found = await _ask(mqtt, config)
    if found[0].level is Level.PROBLEM:
        return found
    return [*found, *broker_half(mqtt, await _says_of_itself(mqtt))]


async def _ask(mqtt: Mqtt, config: Config) -> list[Finding]:
    """What the broker answers; first of all whether it lets us in."""
    filters = subscriptions(config)
    client_id = f"ingestor-check-{secrets.token_hex(4)}"  # never that of the service, whose session it would take over
    try:
        probed = await probe(mqtt, client_id=client_id, filters=filters)
    except ConfigError as error:
        return [problem(one.where or "broker", one.what) for one in error.problems]
    except BrokerRefusedError as error:
        return [problem("broker", f"{mqtt.url}: {error}; {LOGIN_ADVICE}")]
    except BrokerError as error:
        plain = " Or does that port speak without TLS (mqtt://)?" if mqtt.secure else ""
        return [problem("broker", f"{error}; does it run, and is mqtt.url right?{plain}")]
    return answers(mqtt, probed, filters)


def answers(mqtt: Mqtt, probed: Probed, filters: Sequence[str]) -> list[Finding]:
    """What it means that the broker answered this; pure.

    Args:
        mqtt: The broker.
        probed: What it answered.
        filters: What was asked of it.
    """
    return [_welcome(mqtt, probed), *_granted(probed, filters), *_while_away(probed)]


def _welcome(mqtt: Mqtt, probed: Probed) -> Finding:
    said = f"{mqtt.url} lets us in and speaks MQTT {probed.protocol}"
    if probed.maximum_qos == 0:
        return note("broker", f"{said}, but allows QoS 0 only: what is lost on the way is lost")
    at_once = "" if probed.receive_maximum is None else f" (receive maximum {probed.receive_maximum:,})"
    return ok("broker", said + at_once)


def _granted(probed: Probed, asked: Sequence[str]) -> Iterator[Finding]:
    for words in probed.refused:
        yield problem("subscriptions", f"{words}; allow it in the broker's access list, or change the route")
    if probed.only_qos_0:
        names = ", ".join(probed.only_qos_0)
        yield note("subscriptions", f"granted at QoS 0 only, what is lost on the way is lost: {names}")
    if asked and not (probed.refused or probed.only_qos_0):
        yield ok("subscriptions", f"all granted: {', '.join(asked)}")


def _while_away(probed: Probed) -> Iterator[Finding]:
    """For how long the broker remembers us."""
    granted = probed.session_expiry_secs
    if granted is None:
        yield note("while away", "a broker that speaks MQTT 3.1.1 does not say for how long it keeps what arrives")
    elif granted < SESSION_EXPIRY_SECS:
        wanted = readable_span(SESSION_EXPIRY_SECS)
        yield note(
            "while away",
            f"the broker forgets us after {readable_span(granted)} ({wanted} were asked for), and what comes later is "
            "lost: raise its limit on session expiry",
        )
    else:
        yield ok("while away", f"the broker keeps our session for {readable_span(granted)}")


def broker_half(mqtt: Mqtt, version: str | None) -> Iterator[Finding]:
    """The broker's half of the promise, which no subscriber can see; pure.

    Args:
        mqtt: The broker.
        version: What it says of itself; None where it does not.
    """
    keeps = "keeps only 1,000 messages for us while we are away, and what it has on disk is up to 30 minutes old: "
    advice = "set max_queued_messages 0, persistence true and autosave_interval 5"
    qos = ". What devices publish at QoS 0 has no promise: let them publish at QoS 1"
    if version is None:
        yield note("while away", f"it does not say how many messages it keeps; a stock mosquitto {keeps}{advice}{qos}")
    elif _is_mosquitto(version):
        yield note("while away", f"this is {version}, which as it comes {keeps}{advice}{qos}")
    else:
        yield note("while away", f"this is {version}: look up how many messages it keeps for who is away{qos}")
    if mqtt.username and (version is None or _is_mosquitto(version)):
        yield note(
            "subscriptions",
            f"a mosquitto with an acl_file grants every subscription, and then leaves out what {mqtt.username} may "
            "not read: see that its list has these topics",
        )


def _is_mosquitto(version: str) -> bool:
    return "mosquitto" in version.lower()


async def _says_of_itself(mqtt: Mqtt) -> str | None:
    """What many brokers publish of themselves; None where it says nothing, or not to us."""
    try:
        async with asyncio.timeout(_VERSION_SECS), connected(mqtt) as client:
            await client.subscribe(_VERSION_TOPIC)
            async for message in client.messages:
                return message.payload.decode("utf-8", "backslashreplace")
    except (BrokerError, TimeoutError):
        return None
    return None
