"""Which buckets of a real InfluxDB 2.8 InfluxQL can name; it would answer about others, or about none, all the same."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError
from ingestor.reader import Reader
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.mappings import influxql_place
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb import InfluxDB
from tests.stores.influxdb.reading import Org
from tests.support import run

NOTHING = "there is no bucket '{}', or the token may not read it. The organisation is '{}'"


class Farm:
    """An organisation of its own on the server."""

    def __init__(self, server: InfluxDB) -> None:
        self.server = server
        self.org = Org.create(server, uuid4().hex)
        self.number = str(server.call("GET", f"/api/v2/orgs?org={self.org.name}")["orgs"][0]["id"])

    def make(self, bucket: str, line: str = "m f=1 1") -> str:
        """A bucket with a reading in it; returns its id."""
        made = self.server.call("POST", "/api/v2/buckets", {"orgID": self.number, "name": bucket, "retentionRules": []})
        number = str(made["id"])
        self.server.call("POST", f"/api/v2/write?orgID={self.number}&bucket={number}", line.encode())
        return number

    def map(self, database: str, policy: str, bucket: str) -> None:
        """Have InfluxQL mean this bucket (by id) by that database."""
        body = {"orgID": self.number, "bucketID": bucket, "database": database, "retention_policy": policy}
        self.server.call("POST", "/api/v2/dbrps", {**body, "default": True})

    def token(self, *buckets: str) -> str:
        """One that is made here, and may read buckets (by id) wherever they are."""
        rights = [{"action": "read", "resource": {"type": "buckets", "id": bucket}} for bucket in buckets]
        body = {"orgID": self.number, "permissions": rights}
        return str(self.server.call("POST", "/api/v2/authorizations", body)["token"])

    def reached(self, token: str = "") -> Server:
        """How to reach it, with a token of its own unless another is given."""
        return Server(self.org.url, self.org.name, SecretStr(token or self.org.token))

    def place(self, bucket: str, token: str = "") -> Mapping[str, str] | None:
        """Where InfluxQL finds a bucket."""

        async def main() -> Mapping[str, str] | None:
            async with Client(self.reached(token)) as client:
                return await influxql_place(client, bucket)

        return run(main())

    def columns(self, bucket: str, token: str = "") -> list[str]:
        """The columns of all that is in a bucket."""

        async def main() -> list[str]:
            async with Reader(InfluxSource(self.reached(token))) as reader:
                table = await reader.read(bucket, start="1970-01-01", stop="1970-01-02")
                assert table.num_rows == 1
                return list(table.column_names)

        return run(main())


@pytest.fixture
def farm(influxdb: InfluxDB) -> Farm:
    """An organisation without buckets."""
    return Farm(influxdb)


def test_a_bucket_is_a_database_of_its_name(farm: Farm) -> None:
    """Unless something else is said, and whatever is in the name."""
    farm.make("it's 100% ☃")

    assert farm.place("it's 100% ☃") == {"db": "it's 100% ☃"}


@pytest.mark.parametrize("bucket", ["a/b", "a/b/c", "a/", "/a"])
def test_names_with_a_slash(farm: Farm, bucket: str) -> None:
    """They are read like all others, and never mistaken for the bucket before the slash."""
    farm.make("a", "other,tag=x wrong=1 1")
    farm.make(bucket, "m,right=x f=1 1")

    assert farm.place(bucket) is None
    assert farm.columns(bucket) == ["time", "right", "f"]
    assert farm.columns("a") == ["time", "tag", "wrong"]


def test_buckets_of_an_upgraded_server(farm: Farm) -> None:
    """Of what was a database once, the bucket of its default policy has a name in InfluxQL."""
    farm.map("was", "autogen", farm.make("was/autogen"))

    assert farm.place("was/autogen") == {"db": "was"}
    assert farm.columns("was/autogen") == ["time", "f"]


def test_a_database_that_is_another_bucket(farm: Farm) -> None:
    """Where somebody mapped a bucket's name to another one, what is read is the bucket."""
    farm.make("power", "m,right=x f=1 1")
    farm.map("power", "autogen", farm.make("elsewhere", "other,tag=x wrong=1 1"))

    assert farm.place("power") is None
    assert farm.columns("power") == ["time", "right", "f"]


def test_the_organisation_that_is_asked_is_meant(farm: Farm) -> None:
    """With a token that was made elsewhere and may read all: also where a bucket there has the same name."""
    other = Farm(farm.server)
    bucket = f"shared {uuid4().hex}"
    farm.make(bucket, "here,right=x f=1 1")
    other.make(bucket, "there,wrong=x g=1 1")
    farm.server.create_bucket(bucket)  # where the token was made
    farm.server.write(bucket.replace(" ", "%20"), "nowhere,bad=x h=1 1")

    assert farm.place(bucket, farm.server.token) is None
    assert farm.columns(bucket, farm.server.token) == ["time", "right", "f"]
    assert other.columns(bucket, farm.server.token) == ["time", "wrong", "g"]


def test_however_many_organisations_there_are(farm: Farm) -> None:
    """A token of one is asked in InfluxQL; one that may read a bucket of another, wherever that is listed, is not."""
    bucket = f"shared {uuid4().hex}"
    farms = [Farm(farm.server) for _ in range(26)]
    made = [one.make(bucket, f"m,of=x f{number}=1 1") for number, one in enumerate(farms)]
    for number, one in enumerate(farms):
        assert one.place(bucket) == {"db": bucket}
        assert one.columns(bucket) == ["time", "of", f"f{number}"]

        elsewhere = farms[number - 1].token(made[number], made[number - 1])
        assert one.place(bucket, elsewhere) is None
    assert one.columns(bucket, elsewhere) == ["time", "of", "f25"]


def test_a_token_for_one_bucket(farm: Farm) -> None:
    """It may not read the organisation that the bucket is in, and needs not."""
    number = farm.make("only")
    farm.make("hidden")
    rights = [{"action": "read", "resource": {"type": "buckets", "orgID": farm.number, "id": number}}]
    body = {"orgID": farm.number, "permissions": rights}
    token = farm.server.call("POST", "/api/v2/authorizations", body)["token"]

    assert farm.place("only", token) == {"db": "only"}
    assert farm.columns("only", token) == ["time", "f"]
    with pytest.raises(BucketError, match=NOTHING.format("hidden", farm.org.name)):
        farm.place("hidden", token)


def test_no_such_bucket(farm: Farm) -> None:
    """One of that name in another organisation is none."""
    farm.server.create_bucket(name := uuid4().hex)
    for token in (farm.org.token, farm.server.token):
        with pytest.raises(BucketError, match=NOTHING.format(name, farm.org.name)):
            farm.place(name, token)
