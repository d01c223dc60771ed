"""The way of a message from the broker into the journal: codec, session, redelivery, transport, embedded broker."""

from ingestor.intake.accounts import IntakeAccounts
from ingestor.intake.broker import EmbeddedBroker
from ingestor.intake.mqtt import MqttIntake
from ingestor.intake.probe import Finding, probe

__all__ = ["EmbeddedBroker", "Finding", "IntakeAccounts", "MqttIntake", "probe"]
