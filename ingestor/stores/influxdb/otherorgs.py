"""Whether a token sees buckets of other organisations than ours; InfluxQL may answer about those instead.

InfluxDB 2 (measured on 2.8) lists the buckets of all organisations by their ids, in pages of at most 100. It leaves out
what the token may not read only after a page is cut, so that one may come short or empty with more behind it, and none
is told to be the last; an offset counts all buckets, hidden ones and those of other names, too. The one thing that is
sure is a bucket of ours, which the token sees: the page that holds it holds all before it that no earlier page did. So
the list is read up to ours from either end.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import BaseModel, Field

from ingestor.stores.influxdb.answers import Answer, error_of, read
from ingestor.stores.influxdb.connection import understood
from ingestor.stores.influxdb.orgbuckets import PAGE
from ingestor.stores.influxdb.server import Server

PATH = "/api/v2/buckets"
MAX_PAGES = 100  # from either end of the list


class Listed(BaseModel):
    """A bucket, as far as it matters here: its id, and its organisation's."""

    id: str
    org: str = Field(alias="orgID")


class _Buckets(BaseModel):
    buckets: Sequence[Listed] = ()


Page = Callable[[Mapping[str, str]], Awaitable[Sequence[Listed]]]
"""Asks for the buckets that parameters of a request choose."""


def listed(answer: Answer, server: Server, bucket: str) -> Sequence[Listed]:
    """The buckets that an answer lists; none where the token may not see any.

    Raises:
        StoreUnavailableError: The server cannot answer just now.
        StoreMisconfiguredError: It is no InfluxDB.
        BucketError: It refuses, and that may be because of this bucket.
    """
    if answer.status in {401, 403, 404}:
        return ()
    if answer.status != 200:
        raise error_of(read(answer), bucket)
    return understood(server, _Buckets.model_validate_json, answer.body).buckets


async def is_ours_alone(page: Page, ours: str) -> bool:
    """Whether all buckets that the token sees are of one organisation; no where that takes too many requests to tell.

    Args:
        page: Asks for a page of the buckets in question, which raises what it likes.
        ours: The id of one of them.
    """
    orgs: set[str] = set()
    for descending in ("false", "true"):
        for number in range(MAX_PAGES):
            found = await page({"limit": str(PAGE), "offset": str(number * PAGE), "descending": descending})
            orgs.update(bucket.org for bucket in found)
            if len(orgs) > 1:
                return False
            if any(bucket.id == ours for bucket in found):
                break
        else:
            return False
    return True
