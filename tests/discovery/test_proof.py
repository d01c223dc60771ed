"""What a configuration would do with messages."""

import pytest

from ingestor.config import Config, FieldSpec, ModelSpec, Route, StateOf
from ingestor.discovery.proof import prove
from ingestor.errors import ConfigError
from tests.discovery.streams import said

CONFIG = Config(
    routes=(
        Route(topic="a", model="m", bucket="b"),
        Route(topic="s", device="d", state=StateOf()),
    ),
    models={"m": ModelSpec(fields={"x": FieldSpec(max=10), "y": FieldSpec()})},
)


def test_each_message_is_counted_once() -> None:
    """By what would become of it; with what is set aside, also where the rest is stored."""
    proof = prove(
        CONFIG,
        [said("a", {"x": 1}), said("a", {"x": 99, "y": 1}), said("a", "?"), said("a", {"x": 1}, kept=True),
         said("s", "online"), said("other", "1")],
    )  # fmt: skip

    assert (proof.stored, proof.refused, proof.kept, proof.ignored, proof.unrouted) == (2, 1, 1, 1, 1)
    assert (proof.heard, proof.points) == (6, 2)
    assert ("a: x 99 is above 10", 1) in proof.faults


def test_a_configuration_that_cannot_work_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(ConfigError):
        prove(Config(routes=(Route(topic="a", model="no", bucket="b"),)), [])
