"""Which types the fields of a bucket have, as a server's shards hold them, asked over the store's own connection."""

from collections.abc import Mapping, Sequence

from ingestor.errors import BucketError
from ingestor.stores.influxdb import influxql
from ingestor.stores.influxdb.answers import Dialect, Meaning, dialect, error_of, read
from ingestor.stores.influxdb.connection import Connection, TooLongError, understood
from ingestor.stores.influxdb.otherorgs import PATH, Listed, is_ours_alone, listed


async def ask_field_types(connection: Connection, bucket: str) -> influxql.FieldTypes | None:
    """The types by measurement and field.

    Empty where there is no such bucket; None where the token may not read it, or where there is more than is read.
    A token that may not is told by InfluxDB 2 that there is none: whether there is, the list of buckets gives away.
    InfluxQL answers for the organisation that the token was made in: where one that may read several organisations
    sees the bucket's name elsewhere, too, it is None again.

    Raises:
        StoreUnavailableError: The server cannot answer just now.
        StoreMisconfiguredError: It is no InfluxDB.
        BucketError: This bucket cannot be read.
    """
    try:
        answer = await connection.ask("/query", {**influxql.place(bucket), "q": influxql.FIELD_KEYS})
    except TooLongError:
        return None
    if answer.status in {401, 403}:
        return None
    if answer.status != 200:
        reading = read(answer)
        if answer.status == 404 and reading.meaning is Meaning.NO_BUCKET:  # as InfluxDB 3 says it
            return {}
        raise error_of(reading, bucket)
    result = understood(connection.server, influxql.read_result, answer.body)
    if not result.error:
        types = understood(connection.server, influxql.field_types, result)
        meant = dialect(answer) is not Dialect.V2 or await is_meant(connection, bucket)
        return types if meant else None
    if "not found" not in result.error:
        raise BucketError(bucket, f"InfluxDB answered: {result.error}")
    hidden = dialect(answer) is Dialect.V2 and await is_there(connection, bucket)
    return None if hidden else {}


async def is_there(connection: Connection, bucket: str) -> bool:
    """Whether there is a bucket of that name, also where the token may not read it: only then is it no 404."""
    answer = await connection.ask(PATH, {**connection.server.of_org, "name": bucket})
    if answer.status == 404:
        return False
    if answer.status not in {200, 401, 403}:
        raise error_of(read(answer), bucket)
    return True


async def is_meant(connection: Connection, bucket: str) -> bool:
    """Whether there is no bucket of that name but the one in our organisation, as far as the token may see."""
    server = connection.server
    if not server.of_org:
        return True

    async def page(query: Mapping[str, str]) -> Sequence[Listed]:
        return listed(await connection.ask(PATH, {**query, "name": bucket}), server, bucket)

    ours = await page(server.of_org)
    return bool(ours) and await is_ours_alone(page, ours[0].id)
