"""The composition root: makes every part from the configuration, starts them in order, and stops them in order."""

import asyncio
import logging
import sqlite3
import time
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from ingestor import __version__, deadletters, state
from ingestor.config import Config
from ingestor.datadir import disk_bytes_written, make_data_dir, open_journal, state_file
from ingestor.delivery import Delivery, replays, routings
from ingestor.delivery.ledger import Ledger
from ingestor.delivery.replay import Replayer
from ingestor.devices import DeviceBoard
from ingestor.encode.types import TypeRegistry
from ingestor.errors import StateError, UnknownStoresError
from ingestor.intake import EmbeddedBroker, IntakeAccounts, MqttIntake
from ingestor.jobs import check_tasks, make_board
from ingestor.journal import Journal
from ingestor.routing import RoutingTable
from ingestor.state import CursorRow, State
from ingestor.stats import AnnouncedStats, JournalStats, RateGauge, Snapshot
from ingestor.stores import make_store
from ingestor.tasks.board import TaskBoard
from ingestor.web import WebServer
from ingestor.writer import BatchWriter

_log = logging.getLogger(__name__)

INTAKE_STOP_SECS = 2.5
DELIVERY_STOP_SECS = 2.5
JOURNAL_CLOSE_SECS = 1.0
"""Together with closing files and connections less than 10 seconds, after which container engines kill."""
_UPKEEP_SECS = 5.0
_CLOCK_SECS = 60.0  # so much may a clock be set back without a word


class Service:
    """Everything that `ingestor run` runs. Enter it (data directory, stores, web), `run` it, leave it.

    Args:
        config: What to run.

    Raises:
        ConfigError: Routes or tasks that cannot be.
        DataDirError: On entering: the data directory cannot be used, or another process uses it.
        UnknownStoresError: On entering: it holds cursors of stores that the configuration does not name.
        StateError: On entering: the data directory cannot be written just now.
        BrokerRefusedError: From `run`: the broker refused us at first start.
    """

    web: WebServer
    _journal: Journal
    _state: State
    _intake: MqttIntake
    _accounts: IntakeAccounts
    _routes: RoutingTable
    _devices: DeviceBoard
    _tasks: TaskBoard

    def __init__(self, config: Config) -> None:
        self._config = config
        RoutingTable(config)  # what is wrong with it is told before anything is opened
        check_tasks(config)
        self._began = time.monotonic()
        self._stopping = asyncio.Event()
        self._deliveries: list[Delivery] = []
        self._rate = RateGauge()
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            await self._open(parts)
            self._parts = parts.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._parts.aclose()

    async def _open(self, parts: AsyncExitStack) -> None:
        config = self._config
        make_data_dir(config.data_dir)
        self._journal = await parts.enter_async_context(open_journal(config, close_secs=JOURNAL_CLOSE_SECS))
        self._state = await parts.enter_async_context(State(state_file(config)))
        self._devices = await DeviceBoard.load(self._state, config.devices, began_ns=time.time_ns())
        self._routes = RoutingTable(config, devices=self._devices)
        await self._state.run(self._forget_announcements)
        self._routes.announced.load(await self._state.run(state.announcements))
        cursors = await self._cursors()
        for name, row in cursors.items():
            self._deliveries.append(await self._make_delivery(name, row, parts))
        self._accounts = await IntakeAccounts.load(self._state, max_letter_bytes=config.deadletters.max_bytes)
        mqtt = config.mqtt
        if mqtt.embedded_broker:
            broker = await parts.enter_async_context(EmbeddedBroker(mqtt, config.data_dir / "broker"))
            mqtt = broker.client_settings
        self._intake = MqttIntake(
            mqtt,
            client_id=mqtt.client_id or self._accounts.client_id,
            filters=self._routes.subscriptions,
            more=lambda: self._routes.announced_topics,
            previous_filters=self._accounts.subscriptions,
            ids_in_sequence=self._accounts.ids_in_sequence,
            log=self._journal,
            on_oversize=self._accounts.skip,
            on_subscribed=self._accounts.subscribed,
            on_id_order=self._accounts.id_order,
        )
        self._routes.announced.changed = self._intake.changed
        self._tasks = await make_board(config, log=self._journal, state=self._state, on_oversize=self._accounts.skip)
        self.web = await parts.enter_async_context(WebServer(config.web, self.snapshot))

    async def _cursors(self) -> dict[str, CursorRow]:
        """The cursor of every configured store; a store that is new begins now."""
        known = await self._state.run(state.cursors)
        if forgotten := sorted(known.keys() - self._config.stores.keys()):
            raise UnknownStoresError(forgotten)
        for name, spec in self._config.stores.items():
            if name not in known:
                position = self._journal.start if spec.start == "start" else self._journal.end
                await self._state.run(lambda connection: state.begin_cursor(connection, name, position))  # noqa: B023 - awaited here
                known[name] = CursorRow(position, position)
        return known

    async def _make_delivery(self, name: str, row: CursorRow, parts: AsyncExitStack) -> Delivery:
        types = TypeRegistry(await self._state.run(lambda connection: state.field_types(connection, name)))
        totals = await self._state.run(lambda connection: state.counters(connection, name))
        routing = await self._state.run(lambda connection: self._begin_routing(connection, name, row))
        ledger = Ledger(
            name,
            row,
            totals=totals,
            types=types,
            max_letter_bytes=self._config.deadletters.max_bytes,
            routing=routing,
            announced=self._routes.announced,
        )
        ledger.held_bytes = await self._state.run(deadletters.held_bytes)
        store = await parts.enter_async_context(make_store(self._config, name))
        writer = BatchWriter(name, store, types=types, may_hold=lambda: ledger.may_hold)
        replayer = Replayer(
            ledger,
            journal=self._journal,
            decoders=self._routes,
            writer=writer,
            state=self._state,
            make_table=self._make_table,
        )
        await replayer.resume()
        when_full = self._config.stores[name].when_behind
        return Delivery(
            self._journal.cursor(name, row.position, when_full=when_full),
            decoders=self._routes,
            writer=writer,
            state=self._state,
            ledger=ledger,
            batch=self._config.batch,
            pressed=lambda: self._journal.full,
            replayer=replayer,
        )

    def _begin_routing(self, connection: sqlite3.Connection, store: str, row: CursorRow) -> int:
        """Note that a store is given messages under this configuration from now on."""
        text, end = routings.text_of(self._config), self._journal.end
        routing = routings.begin(connection, store, row.position, journal_end=end, text=text)
        replays.retarget(connection, store, routing)
        return routing

    async def _make_table(self, text: str) -> RoutingTable:
        """The routing table of another configuration, which knows what was announced."""
        announcements = await self._state.run(state.announcements)

        def make() -> RoutingTable:
            table = routings.make_table(text)
            table.announced.load(announcements)
            return table

        return await asyncio.to_thread(make)

    def _forget_announcements(self, connection: sqlite3.Connection) -> int:
        return state.forget_announcements(connection, self._journal.start_ns)

    async def run(self) -> None:
        """Serve until `stop`: then take in no more, write what the journal holds, and return.

        What cannot be written within the deadline stays in the journal for the next start.
        """
        try:
            await self._serve()
        finally:
            await self._accounts.save(self._intake.recognised)
            await self._save_devices()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            deliveries = [group.create_task(delivery.run(), name="delivery") for delivery in self._deliveries]
            intake = group.create_task(self._intake.run(), name="intake")
            tasks = group.create_task(self._tasks.run(), name="tasks")
            others = [
                group.create_task(self._keep_up(), name="upkeep"),
                group.create_task(self._journal.watch(), name="journal watch"),
            ]
            await self._stopping.wait()
            tasks.cancel()
            try:
                async with asyncio.timeout(INTAKE_STOP_SECS):
                    await self._intake.stop()
            except TimeoutError:
                _log.warning("stopped_before_all_was_journaled: the broker sends again what it was not told is safe")
            for delivery in self._deliveries:
                delivery.stop()
            _, late = await asyncio.wait(deliveries, timeout=DELIVERY_STOP_SECS)
            if late:
                _log.warning("stopped_before_all_was_written: the journal keeps it for the next start")
            for task in (intake, *others, *deliveries):
                task.cancel()

    def stop(self) -> None:
        """Begin to stop; `run` returns when that is done. May be called from a signal handler of the loop."""
        self._stopping.set()

    async def _keep_up(self) -> None:
        """Every few seconds: intake's accounts to disk, and a look at how the journal grows and what it forgot."""
        forgotten = 0
        while True:
            self._rate.add(time.monotonic(), self._journal.bytes_written)
            await self._accounts.save(self._intake.recognised)
            await self._save_devices()
            self._look_at_the_clock()
            if forgotten < (oldest := self._journal.start):
                with suppress(StateError):  # then the next time
                    await self._state.run(lambda connection: routings.prune(connection, oldest))
                    self._routes.announced.forget_before(await self._state.run(self._forget_announcements))
                    forgotten = oldest
            await asyncio.sleep(_UPKEEP_SECS)

    async def _save_devices(self) -> None:
        try:
            await self._devices.save(self._state)
        except StateError as error:
            _log.warning("device_states_not_kept: %s", error)

    def _look_at_the_clock(self) -> None:
        ahead_secs = (self._journal.clock.last_ns - time.time_ns()) / 1e9
        if ahead_secs > _CLOCK_SECS:
            _log.warning(
                "clock_was_set_back seconds=%d: times of receipt only increase, so until the clock has caught up all "
                "readings without a time of their own get that of the moment before it",
                ahead_secs,
            )

    def snapshot(self) -> Snapshot:
        """Everything at this moment."""
        journal, announced = self._journal, self._routes.announced
        now_ns = time.time_ns()
        return Snapshot(
            devices=tuple(self._devices.stats(now_ns)),
            tasks=self._tasks.stats(),
            announced=AnnouncedStats(
                announcements=len(announced),
                topics=announced.wanted,
                left_to_rows=len(announced.left_to_rows),
                refused=announced.refused,
            ),
            version=__version__,
            uptime_secs=time.monotonic() - self._began,
            intake=self._accounts.stats(self._intake, journaled=journal.end),
            journal=JournalStats(
                bytes=journal.bytes,
                max_bytes=self._config.journal.max_bytes,
                segments=journal.segments,
                end=journal.end,
                lasts_secs=self._rate.secs_until(self._config.journal.max_bytes - journal.bytes),
                full=journal.full,
                bytes_written=journal.bytes_written,
                fault=journal.fault,
            ),
            stores=tuple(delivery.stats(journal_end=journal.end, now_ns=now_ns) for delivery in self._deliveries),
            disk_bytes_written=disk_bytes_written(),
            dead_letter_bytes=self._accounts.dead_letter_bytes,
            dead_letters_put_out=self._accounts.dead_letters_put_out,
        )
