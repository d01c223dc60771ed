"""The manifest of `influx backup`."""

import json
from typing import Any

import pytest

from ingestor.backup.manifest import FileEntry, made_of, merged, read_manifest, shard_ids, with_files
from ingestor.backup.record import BackupError

AS_GO_WRITES_IT = """\
{
  "manifestVersion": 2,
  "kv": {
    "fileName": "20261129T222711Z.bolt.gz",
    "size": 3684,
    "compression": 1
  },
  "sql": {
    "fileName": "20261129T222711Z.sqlite.gz",
    "size": 3447,
    "compression": 1
  },
  "buckets": [
    {
      "organizationID": "6da8dedd6681b41d",
      "organizationName": "farm",
      "bucketID": "7ed1b126fd14d579",
      "bucketName": "one \\u003c\\u0026\\u003e é \\u2028 \\"'\\\\/ \\t",
      "description": "kept",
      "defaultRetentionPolicy": "autogen",
      "retentionPolicies": [
        {
          "name": "autogen",
          "replicaN": 1,
          "duration": 604800000000000,
          "shardGroupDuration": 86400000000000,
          "shardGroups": [
            {
              "id": 6,
              "startTime": "2026-10-26T00:00:00Z",
              "endTime": "2026-11-02T00:00:00Z",
              "deletedAt": "2026-11-29T22:27:11.123456789Z",
              "truncatedAt": "2026-11-01T00:00:00Z",
              "shards": []
            },
            {
              "id": 7,
              "startTime": "1677-09-15T00:00:00Z",
              "endTime": "1677-09-22T00:00:00Z",
              "shards": [
                {
                  "id": 6,
                  "shardOwners": [
                    {
                      "nodeID": 1
                    }
                  ],
                  "fileName": "20261129T222711Z.6.tar",
                  "size": 1024,
                  "compression": 0
                }
              ]
            }
          ],
          "subscriptions": [
            {
              "name": "s",
              "mode": "ALL",
              "destinations": null
            }
          ]
        }
      ]
    }
  ]
}
"""
"""With everything that may be there; see `influx-cli`'s own structures, and Go's way to write JSON."""


def told(**changed: object) -> dict[str, Any]:
    """A bucket, as a server tells of it."""
    bucket: dict[str, Any] = json.loads(AS_GO_WRITES_IT)["buckets"][0] | changed
    bucket["retentionPolicies"][0]["shardGroups"][1]["shards"] = [
        {"id": 6, "shardOwners": []},
        {"id": 8, "shardOwners": []},
    ]
    return bucket


def entry(name: str) -> FileEntry:
    """A file."""
    return FileEntry(file_name=name, size=5, compression=1)


def test_it_is_written_as_it_was_read() -> None:
    """Byte for byte, with what is absent absent, and what is null null."""
    assert read_manifest("m", AS_GO_WRITES_IT.encode()).text() == AS_GO_WRITES_IT


def test_files_are_put_to_the_shards_that_a_server_tells_of() -> None:
    """A shard that was removed in between has none, and is left out, as by the command `influx`."""
    bucket = with_files(told(), {6: entry("6.tar.gz")})
    made = json.loads(made_of(entry("kv"), None, [bucket]).text())
    shards = made["buckets"][0]["retentionPolicies"][0]["shardGroups"][1]["shards"]

    assert [*shard_ids(told())] == [6, 8]
    assert shards == [{"id": 6, "shardOwners": [], "fileName": "6.tar.gz", "size": 5, "compression": 1}]
    assert list(made) == ["manifestVersion", "kv", "buckets"]


def test_a_bucket_is_asked_for_without_its_files() -> None:
    """The server gets what it told, under the new name, in the organisation as it is called there."""
    bucket = with_files(told(), {6: entry("a"), 8: entry("b")})

    assert json.loads(json.dumps(bucket.request(name="new", org_id="0a"))) == told(
        bucketName="new", organizationID="0a"
    )


def test_of_several_the_last_of_each_bucket_counts() -> None:
    """The command `influx` writes into one folder again and again."""
    first = made_of(
        entry("kv1"), entry("sql1"), [with_files(told(bucketName=name, description="1"), {}) for name in "ab"]
    )
    second = made_of(entry("kv2"), entry("sql2"), [with_files(told(bucketName="b", description="2"), {})])
    both = merged([first, second])

    assert [entry.file_name for entry in both.metadata] == ["kv2", "sql2"]
    assert [(bucket.bucket_name, bucket.description) for bucket in both.buckets] == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("[]", "layout None"),
        (AS_GO_WRITES_IT[:-20], "no JSON"),
        (AS_GO_WRITES_IT.replace('"manifestVersion": 2', '"manifestVersion": 3'), "layout 3, and this reads layout 2"),
        ('{"kv": {"fileName": "a.bolt", "size": 1}, "files": []}', "InfluxDB 2.0"),
        (AS_GO_WRITES_IT.replace('"size": 3684', '"size": -1'), "damaged: kv.size"),
        (AS_GO_WRITES_IT.replace('"20261129T222711Z.6.tar"', '"../../etc/passwd"'), "no file name"),
        (AS_GO_WRITES_IT.replace('"bucketName"', '"name"'), "damaged: buckets.0.bucketName Field required"),
    ],
)  # fmt: skip
def test_one_that_cannot_be_trusted_is_refused(text: str, why: str) -> None:
    """Damaged, of another version, or naming files that are none of its folder."""
    with pytest.raises(BackupError, match=why):
        read_manifest("m", text.encode())
