"""The buckets of an organisation in InfluxDB 2."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.ports import BucketInfo
from ingestor.stores.influxdb.client import RIGHTS, Client

PAGE = 100
_ORG_PAGES = 10  # a server with more than a thousand organisations wants `org` to be set
"""The most that the server gives at once."""

_HOUR_SECS, _DAY_SECS = 3_600, 86_400


class OrgBuckets:
    """Sees and changes them. For what its methods raise, see `ports.Buckets`.

    Args:
        client: Entered already.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._service = client.library.BucketsService(client.api)

    async def list(self) -> Sequence[BucketInfo]:
        """All that the token may read, without those that the server keeps for itself.

        The server takes what the token may not read out of a page, and does not fill it up: a page that is not full
        is no sign that it was the last.
        """
        whose = await self._whose()
        found: list[BucketInfo] = []
        offset = 0
        while page := await self._page(whose, limit=PAGE, offset=offset):
            offset += PAGE
            found += [_info(bucket) for bucket in page if bucket.type != "system"]
        return sorted(found, key=lambda bucket: bucket.name)

    async def create(self, bucket: BucketInfo) -> None:
        """Make it, with shards of the size that the server chooses."""
        rules = self._client.library.BucketRetentionRules
        wanted = self._client.library.PostBucketRequest(
            org_id=await self._org_id(bucket.name),
            name=bucket.name,
            description=bucket.description or "",
            retention_rules=[rules(every_seconds=_whole(bucket))],
        )
        await self._client.tell(self._service.post_buckets_async(wanted, _preload_content=False), bucket=bucket.name)

    async def change(self, bucket: BucketInfo) -> None:
        """Give it this description and this retention, with shards to fit: the server refuses them larger."""
        rule = self._client.library.PatchRetentionRule(
            every_seconds=_whole(bucket), shard_group_duration_seconds=shard_secs(_whole(bucket))
        )
        wanted = self._client.library.PatchBucketRequest(description=bucket.description or "", retention_rules=[rule])
        number = await self._find(bucket.name)
        await self._client.tell(
            self._service.patch_buckets_id_async(number, wanted, _preload_content=False), bucket=bucket.name
        )

    async def remove(self, name: str) -> None:
        """Delete it with all that is in it."""
        number = await self._find(name)
        await self._client.tell(self._service.delete_buckets_id_async(number, _preload_content=False), bucket=name)

    async def _find(self, name: str) -> str:
        """Its id."""
        whose = await self._whose()
        for bucket in await self._page(whose, about=name, name=name):
            return str(bucket.id)
        raise BucketError(name, f"The token may not read this bucket. {RIGHTS}")

    async def _page(self, whose: dict[str, str], *, about: str = "", **asked: str | int) -> Sequence[Any]:
        request = self._service.get_buckets_async(**whose, **asked, _preload_content=False)
        answer = await self._client.ask(request, "Buckets", bucket=about)
        return answer.buckets or ()

    async def _whose(self) -> dict[str, str]:
        return self._client.server.of_org or {"org_id": await self._org_id("")}

    async def _org_id(self, bucket: str) -> str:
        """The organisation's id; of the only one where none is named."""
        named = self._client.server.of_org
        ids = await self._visible_orgs(named)
        if not ids and named:  # the token may not read organisations: any bucket of it tells
            ids = {str(one.org_id) for one in await self._page(named, limit=PAGE)}
        if len(ids) > 1:
            raise StoreMisconfiguredError("The token belongs to several organisations: set `org`")
        if not ids:
            words = (
                f"The token may read neither the organisation nor a bucket of it. {RIGHTS}, and to read organisations"
            )
            raise BucketError(bucket, words) if bucket else StoreMisconfiguredError(words)
        return ids.pop()

    async def _visible_orgs(self, named: dict[str, str]) -> set[str]:
        """The ids of the organisations that the token may read.

        The server makes its pages first, and takes out of them what the token may not read; so where no name is asked
        for, the only one that it may can stand on any page, and an empty page is not the last.
        """
        service = self._client.library.OrganizationsService(self._client.api)
        ids: set[str] = set()
        for page in range(1 if named else _ORG_PAGES):
            asked: Mapping[str, str | int] = named or {"limit": PAGE, "offset": page * PAGE}
            answer = await self._client.ask(service.get_orgs_async(**asked, _preload_content=False), "Organizations")
            ids |= {str(one.id) for one in answer.orgs or ()}
        return ids


def shard_secs(retention_secs: int) -> int:
    """How much time a shard spans for a retention (0: for ever), as the server itself chooses it for new buckets."""
    if 0 < retention_secs < 2 * _DAY_SECS:
        return _HOUR_SECS
    return _DAY_SECS if 0 < retention_secs < 180 * _DAY_SECS else 7 * _DAY_SECS


def _whole(bucket: BucketInfo) -> int:
    return round(bucket.retention_secs or 0)


def _info(bucket: Any) -> BucketInfo:  # noqa: ANN401 - the client's objects have no types
    secs = max((rule.every_seconds for rule in bucket.retention_rules), default=0)
    return BucketInfo(bucket.name, bucket.description or "", float(secs) if secs else None)
