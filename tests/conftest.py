"""How all tests run: property tests without a clock, and nothing left behind that only shows later."""

import gc
import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import support

settings.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("fast", settings.get_profile("thorough"), max_examples=25)
settings.load_profile("fast" if os.environ.get("INGESTOR_TESTS_FAST") else "thorough")


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test whose threads outlive it: what it opened was not closed."""
    before = set(threading.enumerate())
    yield
    support.eventually(lambda: set(threading.enumerate()) <= before)


@pytest.fixture(autouse=True, scope="module")
def nothing_unclosed() -> Iterator[None]:
    """Collect garbage after each test file, so that an unclosed file or socket is reported where it was made."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The path of the mosquitto broker; without it the test is skipped, and fails in CI."""
    return support.mosquitto()
