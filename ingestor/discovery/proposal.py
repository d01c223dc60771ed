"""What is proposed: rows of a configuration, each with what a person should know of it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ingestor.config import Config, Device, ModelSpec, Route


class ProposedRoute(NamedTuple):
    """A row of `routes`, and what is said of it."""

    route: Route
    notes: tuple[str, ...] = ()


class ProposedModel(NamedTuple):
    """An entry of `models`, and what is said of its fields, by their name."""

    name: str
    spec: ModelSpec
    notes: Mapping[str, str]


class ProposedDevice(NamedTuple):
    """A row of `devices`, and what is said of it."""

    device: Device
    note: str = ""


class Proposal(NamedTuple):
    """All rows, and what else is to be said."""

    routes: tuple[ProposedRoute, ...] = ()
    models: tuple[ProposedModel, ...] = ()
    devices: tuple[ProposedDevice, ...] = ()
    remarks: tuple[str, ...] = ()

    def config(self) -> Config:
        """The rows as a configuration."""
        return Config(
            routes=tuple(row.route for row in self.routes),
            models={row.name: row.spec for row in self.models},
            devices=tuple(row.device for row in self.devices),
        )


def joined(proposals: Iterable[Proposal]) -> Proposal:
    """Several proposals as one."""
    every = list(proposals)
    return Proposal(
        tuple(row for one in every for row in one.routes),
        tuple(row for one in every for row in one.models),
        tuple(row for one in every for row in one.devices),
        tuple(remark for one in every for remark in one.remarks),
    )
