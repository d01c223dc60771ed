"""Whether InfluxQL can name a bucket of InfluxDB 2, and how.

It knows databases with policies, and maps them to buckets. A bucket `a` is the database `a` unless somebody has mapped
that to another one, a bucket `a/b` is another policy of `a`, which half of the statements cannot be told; and all of
them are about the organisation that the token was made in, whatever organisation is asked for.
"""

from collections.abc import Mapping, Sequence

from ingestor.errors import BucketError
from ingestor.reader.inventory import no_bucket
from ingestor.stores.influxdb.answers import Dialect, dialect
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.influxql import place
from ingestor.stores.influxdb.otherorgs import PATH, Listed, is_ours_alone, listed


async def influxql_place(client: Client, bucket: str) -> Mapping[str, str] | None:
    """Where InfluxQL finds a bucket of the client's organisation, as parameters of /query; None where it may not.

    A token that may read several organisations may have been made in any of them.

    Raises:
        StoreUnavailableError: The server cannot answer just now.
        StoreMisconfiguredError: It refuses, or is no InfluxDB.
        BucketError: There is no such bucket, or the token may not read it.
    """
    answer = await client.answer(client.library.PingService(client.api).get_ping_async(_preload_content=False))
    if dialect(answer) is Dialect.V1:
        return place(bucket)
    number = await _id(client, bucket)
    if not await _is_told_of_ours_alone(client, bucket, number):
        return None
    for database, _ in await _defaults(client, bucket, bucket_id=number):
        if {of for _, of in await _defaults(client, bucket, db=database)} == {number}:
            return {"db": database}
    return None


async def _defaults(client: Client, bucket: str, **which: str) -> Sequence[tuple[str, str]]:
    """Of which databases which bucket is the default policy; of a bucket also where another one has taken its place."""
    service = client.library.DBRPsService(client.api)
    request = service.get_dbr_ps_async(**client.server.of_org, **which, _preload_content=False)
    found = (await client.ask(request, "DBRPs", bucket=bucket)).content or ()
    return [(str(mapping.database), str(mapping.bucket_id)) for mapping in found if mapping.default]


async def _id(client: Client, bucket: str) -> str:
    buckets = client.library.BucketsService(client.api)
    request = buckets.get_buckets_async(**client.server.of_org, name=bucket, _preload_content=False)
    try:
        found = (await client.ask(request, "Buckets", bucket=bucket)).buckets or ()
    except BucketError:  # which tells how to make it, and nobody wants to read an empty one
        found = ()
    if found:
        return str(found[0].id)
    raise no_bucket(bucket, f"The organisation is {client.server.org!r}" if client.server.org else "")


async def _is_told_of_ours_alone(client: Client, bucket: str, number: str) -> bool:
    """Whether the token may read buckets of one organisation alone: then InfluxQL can tell of no other."""

    async def page(query: Mapping[str, str]) -> Sequence[Listed]:
        request = client.api.call_api(PATH, "GET", query_params=list(query.items()), _preload_content=False)
        return listed(await client.answer(request), client.server, bucket)

    return await is_ours_alone(page, number)
