"""Sends millions of damaged payloads of every format through routes: each gives points or reasons, and soon.

See bench/README.md. Every payload is judged in `tests/routing/hostile.py`; what is judged wrong ends the run with the
payload that did it.
"""

import argparse
import gc
import json
import resource
import sys
import time
from collections import Counter
from typing import Any

from tests.routing.hostile import Mutator, giants, judge
from tests.routing.seeds import KINDS, cases


def main() -> None:
    """Mutate payloads of each kind, and print a line of JSON about each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=1_000_000, help="of each format and compression")
    parser.add_argument("--seed", type=int, default=1, help="of the chance")
    parser.add_argument("--only", default=",".join(KINDS), help="some of the formats and compressions")
    parser.add_argument("--large", type=int, metavar="MIB", help="instead: the most laborious payloads of this size")
    asked = parser.parse_args()
    if asked.large:
        for topic, payload in giants(asked.large * 2**20):
            _print(_large(topic, payload))
        return
    for kind in asked.only.split(","):
        _print(_mutated(kind, asked.payloads, asked.seed))


def _mutated(kind: str, count: int, seed: int) -> dict[str, Any]:
    mutator = Mutator(kind, seed)
    flaws: Counter[str] = Counter()
    points = understood = 0
    times: list[float] = []
    slowest = (0.0, 0, "")
    gc.freeze()  # what is here stays, and is no garbage of any payload
    for _ in range(count):
        case, payload = mutator.next()
        began = time.thread_time()
        try:
            verdict = judge(case, payload)
        except BaseException:
            print(f"{case.topic} {payload!r}", file=sys.stderr)
            raise
        took = time.thread_time() - began
        times.append(took)
        slowest = max(slowest, (took, len(payload), case.topic))
        points += len(verdict.points)
        understood += bool(verdict.points)
        flaws.update(str(flaw.reason) for flaw in verdict.flaws)
    times.sort()
    return {
        "kind": kind,
        "payloads": count,
        "with_points": understood,
        "points": points,
        "flaws": dict(flaws.most_common()),
        "median_us": round(times[len(times) // 2] * 1e6, 1),
        "p99_us": round(times[len(times) * 99 // 100] * 1e6, 1),
        "slowest": {"ms": round(slowest[0] * 1e3, 1), "bytes": slowest[1], "topic": slowest[2]},
    }


def _large(topic: str, payload: bytes) -> dict[str, Any]:
    case = next(case for case in cases(topic.partition("/")[0]) if case.topic == topic)
    began = time.thread_time()
    verdict = judge(case, payload)
    return {
        "topic": topic,
        "bytes": len(payload),
        "secs": round(time.thread_time() - began, 2),
        "peak_mib_so_far": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "first": verdict.flaws[0].detail if verdict.flaws else "",
    }


def _print(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
