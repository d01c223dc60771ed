"""Fixtures of the tests of pages."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import NAMES, Chromium, find_chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """A running Chromium that all tests share; without one they are skipped, and fail in CI."""
    program = find_chromium()
    if program is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed: apt-get install chromium fonts-dejavu-core")
    with Chromium(program) as running:
        yield running
