"""What can be configured: single values and the sections they form, frozen and checked."""

from ingestor.config.devices import Calibration, Device
from ingestor.config.models import FieldSpec, ModelSpec
from ingestor.config.routes import CsvOf, Route, StateOf, TimeOf
from ingestor.config.section import Section
from ingestor.config.sections import Batch, Bucket, Config, DeadLetters, Journal, Mqtt, StoreSpec, Tls, Web
from ingestor.config.tasks import Provider, TaskKind, TaskSpec
from ingestor.config.values import parse_duration, parse_size

__all__ = [
    "Batch",
    "Bucket",
    "Calibration",
    "Config",
    "CsvOf",
    "DeadLetters",
    "Device",
    "FieldSpec",
    "Journal",
    "ModelSpec",
    "Mqtt",
    "Provider",
    "Route",
    "Section",
    "StateOf",
    "StoreSpec",
    "TaskKind",
    "TaskSpec",
    "TimeOf",
    "Tls",
    "Web",
    "parse_duration",
    "parse_size",
]
