"""`ingestor copy`: readings of one store to another, and whether both hold the same."""

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ingestor.cli.export import NEEDS_ARROW
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.cli.progress import progress_bar
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.reader.question import QuestionError
from ingestor.reader.wish import Wish, understand

if TYPE_CHECKING:
    from ingestor.copying.ends import Opened
    from ingestor.copying.job import Copy
    from ingestor.copying.notes import BucketState, Notes
    from ingestor.copying.verify import Verdict

_SHOWN = 20  # differences


def copy(
    origin: Annotated[
        str, typer.Argument(metavar="FROM", help="A store of the configuration, or an address: sqlite:FOLDER.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The same, or influxdb://TOKEN@HOST:8086/ORG (influxdbs:// with TLS).")
    ],
    buckets: Annotated[
        list[str] | None, typer.Argument(metavar="[BUCKET]...", help="These; all of them if not given.")
    ] = None,
    renamed: Annotated[
        list[str] | None,
        typer.Option("--bucket", metavar="OLD=NEW", help="This one, under another name; may be said again."),
    ] = None,
    measurement: Annotated[str | None, typer.Option("--measurement", help="Only of this kind.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="So long until now: 30d, 12h, 90m.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="From then on: 2026-01-31, 2026-01-31T12:00.")] = None,
    stop: Annotated[
        str | None, typer.Option("--stop", help="Until before then; now, if only --start is given.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then compare what was copied: counts and hashes a series and day.")
    ] = False,
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Copy nothing, only compare both.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Forget what was begun before, and begin again.")] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Copy readings to another store, and compare both.

    Types are kept. Buckets that are missing are made. Broken off and started again with the same words it goes on
    where it was; the same again changes nothing. Ends 1 when something could not be copied, or differs.
    """
    if find_spec("pyarrow") is None:
        fail(NEEDS_ARROW)
    from ingestor.copying.ends import find_end  # noqa: PLC0415 - with Arrow alone
    from ingestor.copying.job import Bounds, Copy  # noqa: PLC0415
    from ingestor.copying.notes import Notes  # noqa: PLC0415

    loaded = _load(config, origin, target)
    wish: Wish = {"last": last, "start": start, "stop": stop}
    now_ns = time.time_ns()
    try:
        zone = ZoneInfo(str(loaded.timezone))
        question, _ = understand("any", wish, zone=zone, now_ns=now_ns, all_time=True)
    except QuestionError as error:
        raise typer.BadParameter(str(error)) from None
    pairs = [*((name, name) for name in buckets or ()), *map(_pair, renamed or ())]
    job = Copy(pairs, Bounds(question.start_ns, question.stop_ns, measurement), now_ns)
    ends = find_end(loaded, origin), find_end(loaded, target)
    asked = {"from": ends[0].place, "to": ends[1].place, "buckets": pairs, "measurement": measurement, **wish}
    notes = Notes(loaded.data_dir / "copy", asked)
    if anew:
        notes.forget()
    states, verdict = run_in_loop(_run(job, ends, notes, copies=not verify_only, compares=verify or verify_only))
    if not verify_only:
        notes.finish(states)
    if json:
        say_json({"from": ends[0].place, "to": ends[1].place, **_as_json(states, verdict)})
    else:
        _tell(states, verdict)
    _complain(states)
    if not all(state.is_whole for state in states) or (verdict and verdict.differ):
        raise typer.Exit(1)


async def _run(
    job: "Copy", ends: Sequence[Any], notes: "Notes", *, copies: bool, compares: bool
) -> tuple[Sequence["BucketState"], "Verdict | None"]:
    from ingestor.copying.ends import opened  # noqa: PLC0415

    async with opened(ends[0]) as origin, opened(ends[1]) as target:
        states: Sequence[BucketState] = ()
        if copies:
            with progress_bar("copy") as move:
                states = await job.run(origin, target, notes, on_progress=lambda seen: move(seen.share, seen.done))
        return states, await _compare(job, origin, target, states if copies else None) if compares else None


async def _compare(
    job: "Copy", origin: "Opened", target: "Opened", states: "Sequence[BucketState] | None"
) -> "Verdict":
    """Compare what was copied; without states, all that is in both."""
    from ingestor.copying.verify import Verification, checks_of  # noqa: PLC0415

    with progress_bar("compare") as move:
        verification = Verification(
            origin, target, now_ns=job.now_ns, on_progress=lambda seen: move(seen.share, seen.done)
        )
        checks = checks_of(states) if states is not None else await verification.plan(job.pairs, job.bounds)
        return await verification.run(checks)


def _load(path: Path | None, *words: str) -> Config:
    """The configuration; where only addresses are named, there need be none."""
    if path is None and not Path("config.yaml").exists() and all(":" in word for word in words):
        return Config()
    return load_config(path)


def _pair(word: str) -> tuple[str, str]:
    old, equals, new = word.partition("=")
    if not (old and equals and new):
        raise typer.BadParameter(f"{word!r} is not OLD=NEW")
    return old, new


def _tell(states: Sequence["BucketState"], verdict: "Verdict | None") -> None:
    if states:
        rows = [(one.bucket, one.to, one.points, "made" if one.made else "") for one in states]
        say_table(("bucket", "to", "points", ""), rows)
    if verdict is None:
        return
    compared = f"{counted(verdict.values, 'value')} of {counted(verdict.series_days, 'series-day')}"
    if not verdict.differ:
        say(f"equal: {compared}")
        return
    say(f"not equal: {counted(verdict.differ, 'difference')}, {compared} compared")
    cells = [(one.bucket, one.measurement, one.series, one.day, one.what) for one in verdict.named[:_SHOWN]]
    say_table(("bucket", "measurement", "series", "day", "difference"), cells, wrapped={"difference"})
    if verdict.differ > _SHOWN:
        say(f"and {verdict.differ - _SHOWN:,} more; --json names the first {len(verdict.named):,}")


def _complain(states: Iterable["BucketState"]) -> None:
    """Name what is not in the other store."""
    for one in states:
        for measurement, values in one.older.items():
            warn(f"{one.bucket} {measurement}: {counted(values, 'value')} older than {one.to} keeps, left out")
        for measurement, reasons in one.set_aside.items():
            for why, values in reasons.items():
                warn(f"{one.bucket} {measurement}: {counted(values, 'value')} set aside: {why}")
        for measurement, fields in one.left_out.items():
            for name, kinds in fields.items():
                warn(f"{one.bucket} {measurement}: {name} left out: it holds values of several types, {kinds}")
        if one.fault:
            warn(f"bucket {one.bucket}: {one.fault}")


def _as_json(states: Sequence["BucketState"], verdict: "Verdict | None") -> Mapping[str, object]:
    return {
        "buckets": [
            {
                "bucket": one.bucket,
                "to": one.to,
                "made": one.made,
                "points": one.points,
                "measurements": {task.measurement: task.points for task in one.tasks or ()},
                "older": one.older,
                "set_aside": one.set_aside,
                "left_out": one.left_out,
                "fault": one.fault,
            }
            for one in states
        ],
        "verified": verdict
        and {
            "equal": not verdict.differ,
            "values": verdict.values,
            "series_days": verdict.series_days,
            "differ": verdict.differ,
            "differences": [one._asdict() for one in verdict.named],
        },
    }
