"""Proposals as configurations."""

from ingestor.config import Device, FieldSpec, ModelSpec, Route
from ingestor.discovery.proposal import Proposal, ProposedDevice, ProposedModel, ProposedRoute, joined

ROUTE = Route(topic="a", model="m", bucket="b")
SPEC = ModelSpec(fields={"x": FieldSpec()})
WHOLE = Proposal(
    (ProposedRoute(ROUTE),), (ProposedModel("m", SPEC, {}),), (ProposedDevice(Device(id="d")),), ("a remark",)
)


def test_a_proposal_is_a_configuration() -> None:
    """With its routes, models and devices."""
    config = WHOLE.config()

    assert (config.routes, config.models, config.devices) == ((ROUTE,), {"m": SPEC}, (Device(id="d"),))


def test_several_become_one() -> None:
    """In their order."""
    assert joined([WHOLE, Proposal(remarks=("another",))]) == WHOLE._replace(remarks=("a remark", "another"))
