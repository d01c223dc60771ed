"""Snapshots for the tests of the web server."""

from ingestor.stats import AnnouncedStats, IntakeStats, JournalStats, Snapshot, StoreStats


def flowing(**changes: object) -> Snapshot:
    """A service whose data flows, in which every number is another one."""
    intake = IntakeStats(
        received=1101,
        journaled=1102,
        recognised=1103,
        skipped=1104,
        connected=True,
        subscribed=True,
        protocol="5",
        reconnects=1105,
        session_secs=1106,
    )
    journal = JournalStats(bytes=1201, max_bytes=1202, segments=1203, end=1204, lasts_secs=1205.5, bytes_written=1206)
    values = {"version": "9.9.9", "uptime_secs": 1001.5, "disk_bytes_written": 1002, "dead_letter_bytes": 1003}
    values |= {"dead_letters_put_out": 1004, "intake": intake, "journal": journal}
    values |= {"announced": AnnouncedStats(1301, 1302, 1303, 1304)}
    values |= {"stores": (store("local", first=2000), store("farm", first=3000))}
    return Snapshot(**(values | changes))  # type: ignore[arg-type]  # by name, as they come


def store(name: str, *, first: int) -> StoreStats:
    """A store whose numbers count up from `first`."""
    return StoreStats(
        name,
        journaled=first + 1,
        stored=first + 2,
        set_aside=first + 3,
        unrouted=first + 4,
        ignored=first + 5,
        dropped=first + 6,
        damaged=first + 7,
        pending=first + 8,
        held=first + 9,
        points=first + 10,
        fields_set_aside=first + 11,
        reasons={"type": first + 12, "range": first + 13},
        lag_secs=first + 14.5,
        writes=first + 15,
        write_secs=first + 16.5,
    )
