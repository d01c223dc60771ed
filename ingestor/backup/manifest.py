"""The manifest that `influx backup` writes beside its files: read, merged, written. Pure.

Its keys, their order and its bytes are those of InfluxDB's own command, as of version 2.7.1 with a server 2.8.0
(`tests/backup/test_influx_command.py` holds them to it).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ingestor.backup.record import BackupError, PlainName

SUFFIX: Final = ".manifest"
VERSION: Final = 2
NONE, GZIP = 0, 1
"""Compressions."""

_IN_HTML: Mapping[str, str | int | None] = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""Go writes these escaped, so that JSON may stand in a page."""
_OF_SHARDS = {"file_name", "size", "compression"}
_WITHOUT_FILES: Any = {
    "retention_policies": {"__all__": {"shard_groups": {"__all__": {"shards": {"__all__": _OF_SHARDS}}}}}
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class FileEntry(_Part):
    """A file, with its size in bytes and how it is compressed."""

    file_name: PlainName
    size: int = Field(ge=0)
    compression: int = Field(ge=NONE, le=GZIP)


class ShardOwner(_Part):
    """Of a cluster; there is none in InfluxDB 2."""

    node_id: int = Field(alias="nodeID")


class Shard(_Part):
    """The points of a bucket and a span of time, in a file."""

    id: int
    shard_owners: tuple[ShardOwner, ...]
    file_name: PlainName
    size: int = Field(ge=0)
    compression: int = Field(ge=NONE, le=GZIP)

    @property
    def file(self) -> FileEntry:
        """Where its points are."""
        return FileEntry(file_name=self.file_name, size=self.size, compression=self.compression)


class ShardGroup(_Part):
    """A span of time; times are as the server wrote them."""

    id: int
    start_time: str
    end_time: str
    deleted_at: str | None = None
    truncated_at: str | None = None
    shards: tuple[Shard, ...]


class Subscription(_Part):
    """Of InfluxDB 1; nothing makes one in 2."""

    name: str
    mode: str
    destinations: tuple[str, ...] | None


class RetentionPolicy(_Part):
    """How long points are kept; durations are in ns."""

    name: str
    replica_n: int = Field(alias="replicaN")
    duration: int
    shard_group_duration: int
    shard_groups: tuple[ShardGroup, ...]
    subscriptions: tuple[Subscription, ...]


class Bucket(_Part):
    """A bucket and its shards."""

    organization_id: str = Field(alias="organizationID")
    organization_name: str
    bucket_id: str = Field(alias="bucketID")
    bucket_name: str
    description: str | None = None
    default_retention_policy: str
    retention_policies: tuple[RetentionPolicy, ...]

    @property
    def shards(self) -> Sequence[Shard]:
        """All of them."""
        return [shard for policy in self.retention_policies for group in policy.shard_groups for shard in group.shards]

    @property
    def is_system(self) -> bool:
        """Whether it is the server's own; no bucket that a person makes begins like that."""
        return self.bucket_name.startswith("_")

    def request(self, *, name: str, org_id: str) -> Mapping[str, object]:
        """What the server is asked, to make it again under this name."""
        body = self.model_dump(by_alias=True, exclude_unset=True, exclude=_WITHOUT_FILES)
        return {**body, "bucketName": name, "organizationID": org_id}


class Manifest(_Part):
    """What a backup of InfluxDB holds."""

    manifest_version: int
    kv: FileEntry
    sql: FileEntry | None = None
    buckets: tuple[Bucket, ...]

    @property
    def metadata(self) -> Sequence[FileEntry]:
        """The files that are about the server itself."""
        return [self.kv, self.sql] if self.sql else [self.kv]

    def text(self) -> str:
        """The content of the file, as Go writes it."""
        plain = self.model_dump(by_alias=True, exclude_unset=True)
        text = json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
        return text.translate(str.maketrans(dict(_IN_HTML)))


def made_of(kv: FileEntry, sql: FileEntry | None, buckets: Iterable[Bucket]) -> Manifest:
    """A manifest of this version."""
    sql_part = {"sql": sql} if sql else {}
    return Manifest(manifest_version=VERSION, kv=kv, **sql_part, buckets=tuple(buckets))


def shard_ids(bucket: Mapping[str, Any]) -> Iterator[int]:
    """The shards of a bucket, as a server tells of it."""
    for policy in bucket["retentionPolicies"]:
        for group in policy["shardGroups"]:
            for shard in group["shards"]:
                yield shard["id"]


def with_files(bucket: Mapping[str, Any], files: Mapping[int, FileEntry]) -> Bucket:
    """A bucket, as a server tells of it, with the files of its shards. A shard without one was removed meanwhile."""

    def group_with_files(group: Mapping[str, Any]) -> Mapping[str, Any]:
        shards = [
            {**shard, **files[shard["id"]].model_dump(by_alias=True)}
            for shard in group["shards"]
            if shard["id"] in files
        ]
        return {**group, "shards": shards}

    policies = [
        {**policy, "shardGroups": [group_with_files(group) for group in policy["shardGroups"]]}
        for policy in bucket["retentionPolicies"]
    ]
    return Bucket.model_validate({**bucket, "retentionPolicies": policies})


def read_manifest(name: str, content: bytes) -> Manifest:
    """What a manifest says.

    Args:
        name: Of the file, for people.
        content: Of the file.

    Raises:
        BackupError: It is no manifest, or one of another version.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BackupError(f"{name} is damaged: it is no JSON") from error
    version = found.get("manifestVersion") if isinstance(found, dict) else None
    if version is None and isinstance(found, dict) and "files" in found:
        raise BackupError(f"{name} is of InfluxDB 2.0, which had another layout: restore it with the command influx")
    if version != VERSION:
        raise BackupError(f"{name} is of layout {version}, and this reads layout {VERSION}")
    try:
        return Manifest.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        raise BackupError(f"{name} is damaged: {'.'.join(map(str, first['loc']))} {first['msg']}") from error


def merged(manifests: Collection[Manifest]) -> Manifest:
    """What several backups in one folder come to, oldest first: the last of the server, and of each bucket.

    So does the command `influx`, which writes into one folder again and again.
    """
    *_, last = manifests
    buckets = {(one.organization_name, one.bucket_name): one for manifest in manifests for one in manifest.buckets}
    return last.model_copy(update={"buckets": tuple(buckets.values())})
