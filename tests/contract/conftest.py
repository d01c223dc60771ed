"""The subjects of the contract of sources, which several files of tests ask."""

from pathlib import Path

import pytest

from ingestor.ports import Point
from tests.contract.sourcesubjects import EVERY_WAY, SUBJECTS, Subject, readings


@pytest.fixture(scope="session")
def written() -> list[Point]:
    """What is stored in bucket Farm."""
    return readings()


@pytest.fixture(scope="session", params=list(SUBJECTS))
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, written: list[Point]) -> Subject:
    """Every store in turn, with the readings in it."""
    subject = SUBJECTS[request.param](tmp_path_factory.mktemp("farm"), request)
    subject.write(written)
    return subject


@pytest.fixture(params=list(EVERY_WAY))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    """Every store in turn, empty."""
    return EVERY_WAY[request.param](tmp_path, request)
