"""A coverage-guided fuzzer looks for payloads that do harm. See bench/README.md.

It needs atheris, which is no dependency. The first byte of an input says which of the routes of the format gets the
rest; the corpus begins with the payloads that the routes read.
"""

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ingestor", "csv", "json"]):
    from tests.routing.hostile import judge
    from tests.routing.seeds import KINDS, cases


def main() -> None:
    """Fuzz one format; options after `--` are those of libFuzzer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("corpus", type=Path, help="a folder; made where it is not there")
    parser.add_argument("fuzzer", nargs="*", help="for example -- -max_total_time=600 -timeout=10")
    asked = parser.parse_args()
    routes = cases(asked.kind)[:256]
    asked.corpus.mkdir(parents=True, exist_ok=True)
    for at, case in enumerate(routes):
        for number, payload in enumerate(case.payloads):
            seed = payload if case.compress is None else case.compress(payload)
            (asked.corpus / f"seed-{at}-{number}").write_bytes(bytes([at]) + seed)

    def one(data: bytes) -> None:
        if data:
            judge(routes[data[0] % len(routes)], data[1:])

    atheris.Setup([sys.argv[0], *asked.fuzzer, str(asked.corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
