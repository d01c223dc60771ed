"""How fast, how much CPU, how much memory, side by side: `python -m bench.throughput`.

Runs the contestants in turn, several rounds, and compares them within each round: the machine may be slow or busy,
the ratios hold. A table goes to standard error, everything as JSON to standard output.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import processes
from bench.broker import Broker, mosquitto
from bench.contestants import Bare, Contestant, Running, Service, ServiceWithSqlite, Telegraf

STALLED_SECS = 20.0
POLL_SECS = 0.1
WARM_UP_MESSAGES = 5_000
"""Before what is measured: first connections are made, and what is loaded when first used is there."""


class Result(NamedTuple):
    """One run of one contestant. `sent_bytes_per_message` is 0 for one that sends to no sink."""

    name: str
    messages: int
    done: int
    messages_per_sec: float
    cpu_us_per_message: float
    broker_cpu_us_per_message: float
    peak_rss_mib: float
    sent_bytes_per_message: float


def measure(contestant: Contestant, arguments: Sequence[str], *, messages: int) -> Result:
    """Publish to a fresh broker and time how long the contestant takes to be done with all of it."""
    with tempfile.TemporaryDirectory(prefix="ingestor-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(mosquitto(folder))
        running = contestant.start(stack, broker=broker, folder=folder)
        warm, _, _ = publish(broker, running, ["--now"], messages=WARM_UP_MESSAGES)
        cpu, broker_cpu = processes.cpu_secs(running.pid), processes.cpu_secs(broker.pid)
        sent_bytes = running.sent_bytes()
        total, begin, end = publish(broker, running, arguments, messages=messages)
        done = total - warm
        return Result(
            contestant.name,
            messages,
            done,
            messages_per_sec=done / (end - begin),
            cpu_us_per_message=(processes.cpu_secs(running.pid) - cpu) / max(done, 1) * 1e6,
            broker_cpu_us_per_message=(processes.cpu_secs(broker.pid) - broker_cpu) / messages * 1e6,
            peak_rss_mib=processes.peak_rss_mib(running.pid),
            sent_bytes_per_message=(running.sent_bytes() - sent_bytes) / max(done, 1),
        )


def publish(broker: Broker, running: Running, arguments: Sequence[str], *, messages: int) -> tuple[int, float, float]:
    """Publish, and wait for the contestant; how many it is done with in all, and the times of begin and end."""
    wanted = running.done() + messages
    command = [sys.executable, "-m", "bench.load", str(broker.port), str(messages), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as load:
        done, end = watch(running, wanted)
        published = json.loads(load.communicate(timeout=60)[0])
    return done, published["begin"], end


def rounded(result: Result) -> dict[str, Any]:
    """A result with no more digits than it is worth."""
    return {key: round(value, 1) if isinstance(value, float) else value for key, value in result._asdict().items()}


def watch(running: Running, wanted: int) -> tuple[int, float]:
    """How many messages the contestant got done, and when; gives up on one that has stalled."""
    done, since = 0, time.monotonic()
    while True:
        now, count = time.monotonic(), running.done()
        if count != done:
            done, since = count, now
        if done >= wanted or now - since > STALLED_SECS:
            return done, since
        time.sleep(POLL_SECS)


def ratios(rounds: Sequence[Sequence[Result]]) -> dict[str, dict[str, float]]:
    """What the service needs and reaches in relation to the others, for each store: the median over the rounds."""
    return {name: found for name in (Service.name, ServiceWithSqlite.name) if (found := ratios_of(name, rounds))}


def ratios_of(name: str, rounds: Sequence[Sequence[Result]]) -> dict[str, float]:
    """The same for one of our contestants; empty where there is nothing to compare."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for results in rounds:
        by_name = {result.name: result for result in results}
        ours, bare, telegraf = by_name.get(name), by_name.get(Bare.name), by_name.get(Telegraf.name)
        if ours and telegraf:
            found["cpu_of_telegraf"].append(ours.cpu_us_per_message / telegraf.cpu_us_per_message)
            found["rate_of_telegraf"].append(ours.messages_per_sec / telegraf.messages_per_sec)
            if ours.sent_bytes_per_message and telegraf.sent_bytes_per_message:
                found["bytes_of_telegraf"].append(ours.sent_bytes_per_message / telegraf.sent_bytes_per_message)
        if ours and bare:
            found["rate_of_bare"].append(ours.messages_per_sec / bare.messages_per_sec)
    return {ratio: round(median(values), 3) for ratio, values in found.items()}


def table(rounds: Sequence[Sequence[Result]]) -> str:
    """The medians for a person to read."""
    lines = [f"{'':15} {'done':>8} {'msg/s':>8} {'CPU µs/msg':>11} {'broker':>7} {'peak MiB':>9} {'sent B/msg':>11}"]
    for runs in zip(*(sorted(results, key=lambda result: result.name) for results in rounds), strict=True):
        rate, cpu, broker, peak, sent = (median(run[column] for run in runs) for column in (3, 4, 5, 6, 7))
        done = min(run.done for run in runs)
        lines.append(f"{runs[0].name:15} {done:8} {rate:8.0f} {cpu:11.1f} {broker:7.1f} {peak:9.1f} {sent:11.1f}")
    for name, found in ratios(rounds).items():
        lines += [f"{name} {ratio}: {value}" for ratio, value in found.items()]
    return "\n".join(lines)


def contestants(wanted: Sequence[str]) -> list[Contestant]:
    """Those that were asked for and can be had on this machine."""
    found: list[Contestant | None] = [Service(), ServiceWithSqlite(), Telegraf.find(), Bare()]
    return [contestant for contestant in found if contestant and contestant.name in wanted]


def main() -> None:
    """Read the arguments, run the rounds, print the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--qos", type=int, default=1, choices=(0, 1))
    parser.add_argument("--poison", type=float, default=0.0, help="share of messages that cannot be stored")
    parser.add_argument("--only", default="ingestor,ingestor-sqlite,telegraf,bare", help="which, with commas")
    given = parser.parse_args()
    arguments = ["--qos", str(given.qos), "--poison", str(given.poison)]
    field = contestants(given.only.split(","))
    rounds: list[list[Result]] = []
    for number in range(given.rounds):
        results = []
        for contestant in field[number % len(field) :] + field[: number % len(field)]:
            results.append(measure(contestant, arguments, messages=given.messages))
            print(f"round {number + 1}: {rounded(results[-1])}", file=sys.stderr)
        rounds.append(results)
    print(table(rounds), file=sys.stderr)
    everything: dict[str, Any] = {
        "rounds": [[rounded(result) for result in results] for results in rounds],
        "ratios": ratios(rounds),
    }
    print(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
