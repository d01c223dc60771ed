"""Drives a settling of points against a function that answers requests, as the store does over HTTP."""

from collections.abc import Callable, Sequence

from ingestor.errors import StoreUnavailableError
from ingestor.ports import Point, Rejection
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.experience import Experience
from ingestor.stores.influxdb.isolation import settle

BUCKET = "Farm"


def attempt(
    points: Sequence[Point],
    send: Callable[[Sequence[str]], Answer],
    *,
    encode: Callable[[Point], str],
    experience: Experience | None = None,
    bucket: str = BUCKET,
) -> list[Rejection]:
    """One attempt: what was refused. Raises what the store would raise."""
    lines = [encode(point) for point in points]
    steps = settle(points, lines, bucket, experience or Experience(), encode=encode)
    try:
        request = next(steps)
        while True:
            request = steps.send(send(request))
    except StopIteration as end:
        rejections: list[Rejection] = end.value
        return rejections


def attempts(
    points: Sequence[Point],
    send: Callable[[Sequence[str]], Answer],
    *,
    encode: Callable[[Point], str],
    experience: Experience,
) -> list[Rejection]:
    """As many attempts as it takes, while the server is only said to be unavailable; at most three."""
    for _ in range(2):
        try:
            return attempt(points, send, encode=encode, experience=experience)
        except StoreUnavailableError:
            continue
    return attempt(points, send, encode=encode, experience=experience)
