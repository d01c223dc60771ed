"""Whether the bytes of a file are what it should hold."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.backup.content import Content, DamagedError, Kind

FILES = {"b/autogen/1/000000001-000000001.tsm": b"\x16\xd1\x16\xd1" + bytes(700), "b/autogen/1/empty.tsm": b""}


def archive(files: dict[str, bytes], *, format_: int = tarfile.USTAR_FORMAT) -> bytes:
    """What InfluxDB sends: files, and two empty blocks."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format_) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        end = tar.offset
    return made.getvalue()[:end] + bytes(1024)


SHARD = archive(FILES)


def look(data: bytes, kind: Kind = Kind.SHARD, *, gzipped: bool = False, piece: int = 100_000) -> Content:
    """What takes these bytes, in pieces."""
    content = Content(kind, gzipped=gzipped)
    for at in range(0, len(data), piece):
        content.feed(data[at : at + piece])
    content.finish()
    return content


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("piece", [1, 511, 513, 100_000])
def test_an_archive_is_whole_however_it_comes(piece: int, *, gzipped: bool) -> None:
    """It makes no difference where the pieces end."""
    data = gzip.compress(SHARD) if gzipped else SHARD

    assert look(data, gzipped=gzipped, piece=piece).deletions is False


def test_a_shard_may_be_empty() -> None:
    """A shard without points is an archive without files."""
    assert look(bytes(1024)).deletions is False


@pytest.mark.parametrize("end", range(0, len(SHARD), 97))
def test_an_archive_that_ends_early_is_damaged(end: int) -> None:
    """Wherever it is cut, that is noticed: the server sends no length."""
    with pytest.raises(DamagedError, match="ends too early"):
        look(SHARD[:end])


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_packed_file_that_ends_early_is_damaged(cut: int) -> None:
    """So it is where the archive inside would be whole without the checksum."""
    with pytest.raises(DamagedError, match="ends too early"):
        look(gzip.compress(SHARD)[:-cut], gzipped=True)


@given(at=st.integers(0, len(SHARD) - 1), bit=st.integers(0, 7))
def test_a_bit_that_turned_is_noticed_in_a_packed_file(at: int, bit: int) -> None:
    """Gzip has a checksum, and a header that is wrong is refused; or the bit meant nothing."""
    packed = bytearray(gzip.compress(SHARD))
    packed[at % len(packed)] ^= 1 << bit

    try:
        look(bytes(packed), gzipped=True)
    except DamagedError:
        return
    assert gzip.decompress(packed) == SHARD


def test_words_in_the_place_of_the_rest_are_noticed() -> None:
    """A server that fails in the middle puts an error in JSON where the next file would be, or after the end."""
    words = b'{"code":"internal error","message":"An internal error has occurred"}'

    with pytest.raises(DamagedError):
        look(SHARD[:1536] + words)
    with pytest.raises(DamagedError, match="ends too early"):
        look(SHARD + words)
    with pytest.raises(DamagedError, match="after its end"):
        look(SHARD + words.ljust(512))
    with pytest.raises(DamagedError, match="after its end"):
        look(gzip.compress(SHARD) + words, gzipped=True)
    with pytest.raises(DamagedError, match="broken"):
        look(words.ljust(512))


def test_a_header_that_would_go_backwards_is_broken() -> None:
    """A size that is no number of bytes ends in an error, not in a loop."""
    block = bytearray(SHARD[:512])
    block[124:136] = b"-0000000001\0"
    block[148:156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 256)

    with pytest.raises(DamagedError, match="broken"):
        look(bytes(block))


def test_sizes_and_names_of_any_length_are_read() -> None:
    """A name of many letters, and a size in binary, are what large shards have."""
    named = archive({"b/" * 90 + "1.tsm": b"x" * 10}, format_=tarfile.GNU_FORMAT)
    block = bytearray(SHARD[:512])
    block[124:136] = b"\x80" + (704).to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 256)

    assert look(named).deletions is False
    assert look(bytes(block) + SHARD[512:]).deletions is False


def test_deletions_are_seen() -> None:
    """InfluxDB keeps in a file of its own what is deleted, and does not restore that."""
    assert look(archive(FILES | {"b/autogen/1/000000001-000000001.tombstone": b"x"})).deletions is True


def test_zeros_are_unpacked_in_small_steps() -> None:
    """A file that is a thousand times as large as on the disk is read to its end."""
    with pytest.raises(DamagedError, match="ends too early"):
        look(gzip.compress(archive({"a": bytes(30 * 2**20)})[:-1024]), gzipped=True)

    assert look(gzip.compress(archive({"a": bytes(30 * 2**20) + b"x"})), gzipped=True).deletions is False


def test_databases_are_known_by_their_beginning() -> None:
    """What begins in another way is none, packed or not."""
    bolt = bytes(16) + b"\xed\xda\x0c\xed" + bytes(100)

    look(bolt, Kind.BOLT, piece=3)
    look(gzip.compress(b"SQLite format 3\0" + bytes(100)), Kind.SQLITE, gzipped=True)

    with pytest.raises(DamagedError, match="no bolt database"):
        look(bytes(5000), Kind.BOLT)
    with pytest.raises(DamagedError, match="no sqlite database"):
        look(b"SQLite", Kind.SQLITE)
    with pytest.raises(DamagedError, match="cannot be unpacked"):
        look(bolt, Kind.BOLT, gzipped=True)
