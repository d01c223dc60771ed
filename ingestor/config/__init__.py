"""What can be configured: single values and the sections they form, frozen and checked."""

from ingestor.config.sections import (
    Batch,
    Bucket,
    Config,
    DeadLetters,
    FieldSpec,
    Journal,
    ModelSpec,
    Mqtt,
    Route,
    Section,
    StoreSpec,
    TimeOf,
    Tls,
    Web,
)
from ingestor.config.values import parse_duration, parse_size

__all__ = [
    "Batch",
    "Bucket",
    "Config",
    "DeadLetters",
    "FieldSpec",
    "Journal",
    "ModelSpec",
    "Mqtt",
    "Route",
    "Section",
    "StoreSpec",
    "TimeOf",
    "Tls",
    "Web",
    "parse_duration",
    "parse_size",
]
