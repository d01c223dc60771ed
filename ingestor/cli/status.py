"""`ingestor status`: what came, what became of it, what is wrong; of the running service or a stopped one's files."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from ingestor.cli.invocation import command
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_beside, say_json, warn
from ingestor.cli.running import Who, ask_service, service_url
from ingestor.cli.units import counted, readable_size, readable_span, short_time
from ingestor.config import Config
from ingestor.datadir import stopped_snapshot
from ingestor.stats import AnnouncedStats, DeviceStats, IntakeStats, JournalStats, Snapshot, StoreStats, TaskStats

_DEVICES_SHOWN = 10
_SOON_SECS = 30 * 86_400
_FATES = ("stored", "set_aside", "unrouted", "ignored", "dropped", "damaged", "pending")


def status(config: ConfigFile = None, json: AsJson = False) -> None:
    """Show what came, what became of it, and what is wrong.

    Asks the running service; where none runs, its files tell, which are left as they are.
    """
    loaded = load_config(config)
    snapshot, source = _snapshot(loaded)
    running = source != str(loaded.data_dir)
    if json:
        say_json({"running": running, "source": source, **snapshot.to_json()})
        return
    if running:
        say(f"ingestor {snapshot.version} has run for {readable_span(snapshot.uptime_secs)} ({source})")
        for reason in snapshot.reasons or ("ready: readings flow from the broker to every store",):
            say(f"NOT READY  {reason}" if snapshot.reasons else reason)
    else:
        say(f"no service answers at {service_url(loaded.web)}; this is what its files in {source} say")
    for line in (*_intake_lines(snapshot.intake, running=running), *_journal_lines(snapshot.journal)):
        say(line)
    for line in (*_device_lines(snapshot.devices), *_announced_lines(snapshot.announced)):
        say(line)
    for line in _task_lines(snapshot.tasks):
        say(line)
    _say_stores(snapshot, dead_letters=command("deadletters list", config))


def _snapshot(config: Config) -> tuple[Snapshot, str]:
    """The snapshot, and where it is from."""
    answer = ask_service(config.web)
    url = service_url(config.web)
    if answer.snapshot:
        return answer.snapshot, url
    if answer.who is Who.SERVICE_REFUSES:
        fail(f"the service at {url} wants another token: set web.token to what it was started with")
    if answer.who is Who.ANOTHER_PROGRAM:
        warn(f"what listens at {url} does not answer as a service does (web.port may be another program's)")
    return stopped_snapshot(config), str(config.data_dir)


def _intake_lines(intake: IntakeStats, *, running: bool) -> Iterator[str]:
    yield ""
    if running:
        how = "connected and subscribed" if intake.subscribed else "connected" if intake.connected else "not connected"
        paused = ", not reading until the journal keeps up" if intake.paused else ""
        version = f", MQTT {intake.protocol}" if intake.protocol else ""
        yield f"broker    {how}{version}, {counted(intake.reconnects, 'reconnect')}{paused}"
        if intake.connected:
            secs = intake.session_secs
            kept = "for a time it does not tell" if secs is None else f"for {readable_span(secs)}"
            yield f"          keeps our session {kept} while we are away, but only so many messages (see: check)"
    yield (
        f"received  {intake.received:,} = journaled {intake.journaled:,}"
        f" + recognised {intake.recognised:,} + skipped {intake.skipped:,}"
    )


def _journal_lines(journal: JournalStats) -> Iterator[str]:
    lasts = ""
    if journal.lasts_secs is not None and journal.lasts_secs < _SOON_SECS:
        lasts = f"; should no store take any, room for {readable_span(journal.lasts_secs)} at this rate"
    yield (
        f"journal   {readable_size(journal.bytes)} of {readable_size(journal.max_bytes)}"
        f" in {counted(journal.segments, 'file')}{lasts}"
    )


def _device_lines(devices: Sequence[DeviceStats]) -> Iterator[str]:
    """How many there are, and which of them need somebody to look."""
    if not devices:
        return
    offline = [device for device in devices if device.online is False]
    overdue = [device for device in devices if device.overdue]
    yield f"devices   {len(devices):,} known, {len(offline):,} offline, {len(overdue):,} overdue"
    for device in offline[:_DEVICES_SHOWN]:
        yield f"          {device.id} is offline for {readable_span(device.since_secs or 0)}"
    for device in overdue[:_DEVICES_SHOWN]:
        silent = "since the start" if device.silent_secs is None else f"for {readable_span(device.silent_secs)}"
        every = readable_span(device.interval_secs or 0)
        yield f"          {device.id} is silent {silent}, and should send every {every}"


def _announced_lines(announced: AnnouncedStats) -> Iterator[str]:
    """What devices announced to the running service, and what became of it."""
    if announced != AnnouncedStats():
        topics, announcements = counted(announced.topics, "topic"), counted(announced.announcements, "announcement")
        taken = announced.left_to_rows and f"; rows of routes take {counted(announced.left_to_rows, 'more topic')}"
        refused = announced.refused and f"; there was no room for {counted(announced.refused, 'announcement')}"
        yield f"announced {topics} in {announcements}{taken or ''}{refused or ''}"


def _task_lines(tasks: Sequence[TaskStats]) -> Iterator[str]:
    """Each task: what came of it last, and when it runs next."""
    now_ns = time.time_ns()
    for head, task in zip(chain(["tasks     "], repeat(" " * 10)), tasks, strict=False):
        last = "never ran"
        if task.began_ns is not None:
            last = f"{task.outcome.replace('_', ' ')} at {short_time(task.began_ns, now_ns=now_ns)}"
        then = "" if task.next_ns is None else f", next at {short_time(task.next_ns, now_ns=now_ns)}"
        yield f"{head}{task.name}: {last}{then}"
        if task.words:
            yield f"            {task.words}"


def _say_stores(snapshot: Snapshot, *, dead_letters: str) -> None:
    """Each store, and with which command the dead letters are listed."""
    for store in snapshot.stores:
        say("")
        say(f"store {store.name}")
        for line in _store_lines(store):
            say_beside("  ", line)
    if snapshot.dead_letter_bytes or snapshot.dead_letters_put_out:
        put_out = f", {counted(snapshot.dead_letters_put_out, 'message')} put out for newer ones"
        say("")
        say(
            f"dead letters take {readable_size(snapshot.dead_letter_bytes)}"
            f"{put_out if snapshot.dead_letters_put_out else ''}; see: {dead_letters}"
        )


def _store_lines(store: StoreStats) -> Iterator[str]:
    terms = " + ".join(f"{name.replace('_', ' ')} {getattr(store, name):,}" for name in _FATES)
    yield f"journaled {store.journaled:,} = {terms}"
    if store.held:
        yield f"{counted(store.held, 'message')} of the pending wait for a bucket to be mended"
    fields = f", without {counted(store.fields_set_aside, 'field')} that did not fit" if store.fields_set_aside else ""
    yield f"{counted(store.points, 'point')} stored{fields}; {readable_span(store.lag_secs)} behind"
    if store.reasons:
        reasons = sorted(store.reasons.items(), key=lambda item: -item[1])
        yield "reasons, those of fields included: " + ", ".join(f"{reason} {count:,}" for reason, count in reasons)
