"""`make protocol`: explores the release protocol, prints what was explored, and every violation as a trace.

The exit status is 1 if an invariant is violated.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time

# What Lambda's environment gives every function.
os.environ.update(
    POWERTOOLS_SERVICE_NAME="tuner", POWERTOOLS_METRICS_NAMESPACE="BedrockTuner", POWERTOOLS_TRACE_DISABLED="true"
)


def main() -> int:
    """Explores all situations, or those that are asked for. Returns the exit status."""
    from tests.protocol.invocations import handlers
    from tests.protocol.search import Part, explore
    from tests.protocol.transitions import SITUATIONS

    def part(text: str) -> Part:
        number, of = (int(each) for each in text.split("/"))
        if not 1 <= number <= of:
            raise ValueError
        return Part(number - 1, of)

    parser = argparse.ArgumentParser(prog="python -m tests.protocol", description=__doc__)
    parser.add_argument("--deviations", type=int, default=2, help="how many deviations a trace may have")
    parser.add_argument("--situation", default="", help="only the situations whose name matches this pattern")
    parser.add_argument(
        "--part", type=part, default="1/1", help="such as 1/3: a third of the traces, by their first step"
    )
    arguments = parser.parse_args()
    situations = [found for found in SITUATIONS if re.search(arguments.situation, found.name)]
    if not situations:
        parser.error(f"no situation matches {arguments.situation!r}")
    violations = 0
    print(f"{'situation':<32}{'invocations':>12}{'AWS calls':>12}{'ends':>8}{'violations':>12}{'seconds':>9}")
    with handlers() as bound:
        for situation in situations:
            began = time.monotonic()
            found = explore(bound, situation, arguments.deviations, part=arguments.part)
            violations += len(found.violations)
            seconds = time.monotonic() - began
            print(
                f"{situation.name:<32}{found.events:>12,}{found.calls:>12,}{len(found.ended):>8,}"
                f"{len(found.violations):>12}{seconds:>9.0f}",
                *found.violations,
                sep="\n",
                flush=True,
            )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
