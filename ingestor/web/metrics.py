"""A snapshot as Prometheus text. The only place that knows prometheus-client.

Labels are names from the configuration and from closed lists of ours, never topics, so that no device can make new
series. What a counter counts is explained in `stats`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from ingestor.ports import Reason, TaskFault
from ingestor.stats import AnnouncedStats, DeviceStats, IntakeStats, JournalStats, Snapshot, StoreStats, TaskStats

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_STORE_MESSAGES = {
    "journaled": "Messages of the journal since this store began.",
    "stored": "Messages of which at least one point was stored.",
    "set_aside": "Messages of which nothing could be stored; they are among the dead letters.",
    "unrouted": "Messages whose topic no route takes.",
    "ignored": "Messages that routes leave out on purpose, like retained ones.",
    "dropped": "Messages given up because the journal was full, as configured.",
    "damaged": "Messages lost to damage of the journal on disk.",
}


class Metrics(Collector):
    """Turns what `snapshot` returns at each request into metrics.

    Args:
        snapshot: Called once a request; must be quick.
    """

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """All metrics, in the text format that Prometheus reads."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not ask for a snapshot."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics of one snapshot."""
        snapshot = self._snapshot()
        yield from _service(snapshot)
        yield from _intake(snapshot.intake)
        yield from _journal(snapshot.journal)
        yield from _stores(snapshot.stores)
        yield from _dead_letters(snapshot)
        yield from _devices(snapshot.devices)
        yield from _tasks(snapshot.tasks)
        yield from _announced(snapshot.announced)


def _service(snapshot: Snapshot) -> Iterator[Metric]:
    yield _gauge("ingestor_up", "1 while the service runs.", 1)
    yield _gauge("ingestor_ready", "1 while data can flow from the broker to every store.", snapshot.ready)
    yield _gauge("ingestor_uptime_seconds", "Time since the start.", snapshot.uptime_secs)
    info = GaugeMetricFamily("ingestor_build_info", "Always 1; the version is its label.", labels=["version"])
    info.add_metric([snapshot.version], 1)
    yield info
    if snapshot.disk_bytes_written is not None:
        what = "What the process had the system write to disk since the start."
        yield _counter("ingestor_disk_written_bytes", what, snapshot.disk_bytes_written)


def _intake(intake: IntakeStats) -> Iterator[Metric]:
    yield _counter("ingestor_received_messages", "Messages that came; all sources.", intake.received)
    yield _counter("ingestor_journaled_messages", "Messages written to the journal.", intake.journaled)
    yield _counter(
        "ingestor_recognised_messages", "Messages that the broker sent again and that were there.", intake.recognised
    )
    yield _counter("ingestor_skipped_messages", "Messages over the size limit.", intake.skipped)
    yield _counter("ingestor_mqtt_reconnects", "Connections after the first, since the start.", intake.reconnects)
    yield _gauge("ingestor_mqtt_connected", "1 while connected to the broker.", intake.connected)
    yield _gauge("ingestor_mqtt_subscribed", "1 while all subscriptions are granted.", intake.subscribed)
    if intake.session_secs is not None:
        yield _gauge("ingestor_mqtt_session_seconds", "How long the broker keeps our session.", intake.session_secs)
    yield _gauge("ingestor_mqtt_paused", "1 while nothing is read, because the journal is behind.", intake.paused)


def _journal(journal: JournalStats) -> Iterator[Metric]:
    lasts_secs = inf if journal.lasts_secs is None else journal.lasts_secs
    yield _gauge("ingestor_journal_bytes", "Size of the journal.", journal.bytes)
    yield _gauge("ingestor_journal_limit_bytes", "Size that it may reach.", journal.max_bytes)
    yield _gauge("ingestor_journal_lasts_seconds", "When it is full at the present rate; +Inf: never.", lasts_secs)
    yield _gauge("ingestor_journal_segments", "Files of the journal.", journal.segments)
    yield _gauge("ingestor_journal_end_position", "Position that the next message gets.", journal.end)
    yield _gauge("ingestor_journal_full", "1 while it is full.", journal.full)
    yield _gauge("ingestor_journal_fault", "1 while it cannot be written.", journal.fault is not None)
    yield _counter("ingestor_journal_written_bytes", "Written to the journal since the start.", journal.bytes_written)


def _stores(stores: Iterable[StoreStats]) -> Iterator[Metric]:
    stores = tuple(stores)
    for key, what in _STORE_MESSAGES.items():
        yield _by_store(CounterMetricFamily, f"ingestor_store_{key}_messages", what, stores, key)
    gauges = {
        "pending_messages": ("pending", "Messages that are not settled yet."),
        "held_messages": ("held", "Pending messages that wait for a bucket to be mended."),
        "lag_seconds": ("lag_secs", "Age of the oldest message that is not written yet; 0: none."),
    }
    for name, (key, what) in gauges.items():
        yield _by_store(GaugeMetricFamily, f"ingestor_store_{name}", what, stores, key)
    what = "Points stored."
    yield _by_store(CounterMetricFamily, "ingestor_store_points", what, stores, "points")
    what = "Fields left out of points that were stored."
    yield _by_store(CounterMetricFamily, "ingestor_store_set_aside_fields", what, stores, "fields_set_aside")
    yield _reasons(stores)
    yield _writes(stores)
    fault = GaugeMetricFamily("ingestor_store_fault", "1 while nothing can be written.", labels=["store"])
    for store in stores:
        fault.add_metric([store.name], store.fault is not None)
    yield fault
    oldest = max((store.lag_secs for store in stores), default=0.0)
    yield _gauge("ingestor_oldest_unwritten_seconds", "Age of the oldest message that some store lacks.", oldest)


def _reasons(stores: Iterable[StoreStats]) -> Metric:
    what = "Dead letters by reason: messages, points and fields alike."
    found = CounterMetricFamily("ingestor_store_dead_letters", what, labels=["store", "reason"])
    for store in stores:
        for reason in Reason:
            found.add_metric([store.name, reason], store.reasons.get(reason, 0))
    return found


def _writes(stores: Iterable[StoreStats]) -> Metric:
    what = "Batches written, and the time that took."
    found = SummaryMetricFamily("ingestor_store_write_seconds", what, labels=["store"])
    for store in stores:
        found.add_metric([store.name], count_value=store.writes, sum_value=store.write_secs)
    return found


def _dead_letters(snapshot: Snapshot) -> Iterator[Metric]:
    yield _gauge("ingestor_dead_letters_bytes", "Size of what was set aside.", snapshot.dead_letter_bytes)
    what = "Dead letters that gave way to newer ones."
    yield _counter("ingestor_dead_letters_put_out", what, snapshot.dead_letters_put_out)


def _devices(devices: Iterable[DeviceStats]) -> Iterator[Metric]:
    """Numbers of them alone: their names come from topics."""
    devices = tuple(devices)
    yield _gauge("ingestor_devices", "Devices that are known.", len(devices))
    offline = sum(device.online is False for device in devices)
    yield _gauge("ingestor_devices_offline", "Devices of which was said that they are not there.", offline)
    overdue = sum(device.overdue for device in devices)
    yield _gauge("ingestor_devices_overdue", "Devices that are silent for longer than their interval.", overdue)


def _announced(announced: AnnouncedStats) -> Iterator[Metric]:
    yield _gauge("ingestor_announcements", "Announcements of devices that hold.", announced.announcements)
    yield _gauge("ingestor_announced_topics", "Topics that they name and no row takes.", announced.topics)
    what = "Topics that were announced and that rows take."
    yield _gauge("ingestor_announced_topics_of_rows", what, announced.left_to_rows)
    what = "Announcements that there was no room for, since the start."
    yield _counter("ingestor_announcements_refused", what, announced.refused)


_Number = Callable[[TaskStats], float | None]

_TASK_COUNTS: Mapping[str, tuple[str, _Number]] = {
    "runs": ("Runs that began.", lambda task: task.runs),
    "failed_runs": ("Runs that failed or took too long.", lambda task: task.failures),
}
_TASK_GAUGES: Mapping[str, tuple[str, _Number]] = {
    "running": ("1 while it runs.", lambda task: task.outcome == "running"),
    "fault": ("1 while its last run failed.", lambda task: task.fault is not None),
    "last_run_seconds": ("How long its last run took.", lambda task: task.lasted_secs),
    "last_success_timestamp_seconds": ("When a run last ended well.", lambda task: _seconds(task.succeeded_ns)),
    "next_run_timestamp_seconds": ("When it runs next.", lambda task: _seconds(task.next_ns)),
}


def _tasks(tasks: Sequence[TaskStats]) -> Iterator[Metric]:
    for name, (what, number) in _TASK_COUNTS.items():
        yield _by_task(CounterMetricFamily, name, what, tasks, number)
    for name, (what, number) in _TASK_GAUGES.items():
        yield _by_task(GaugeMetricFamily, name, what, tasks, number)
    faults = CounterMetricFamily("ingestor_task_faults", "What went wrong in runs.", labels=["task", "fault"])
    for task in tasks:
        for kind in TaskFault:
            faults.add_metric([task.name, kind], task.faults.get(kind, 0))
    yield faults


def _by_task(
    family: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    what: str,
    tasks: Iterable[TaskStats],
    number: _Number,
) -> Metric:
    """One number of each task that has it."""
    found = family(f"ingestor_task_{name}", what, labels=["task"])
    for task in tasks:
        if (value := number(task)) is not None:
            found.add_metric([task.name], value)
    return found


def _seconds(time_ns: int | None) -> float | None:
    return None if time_ns is None else time_ns / 1e9


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    """`name` without the `_total` that the text format adds."""
    return CounterMetricFamily(name, what, value=value)


def _by_store(
    family: type[CounterMetricFamily | GaugeMetricFamily], name: str, what: str, stores: Iterable[StoreStats], key: str
) -> Metric:
    """One number of each store; `key` is its name in `StoreStats`."""
    found = family(name, what, labels=["store"])
    for store in stores:
        found.add_metric([store.name], getattr(store, key))
    return found
