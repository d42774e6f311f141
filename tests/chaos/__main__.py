"""`make chaos`: plays the cases, all or a sample, and then the ones that need each of the five releases without it.

Results are kept as they come in `build/chaos/`, each with the state of the code that it is of: a run that was
interrupted goes on where it stopped; with --keep also after a change of the code, and the page says what was played at
which state. A larger sample of the same seed holds the smaller ones. When all cases were played, docs/chaos.md is
written, of a sample with --page. Exit status 1 when something leaked or any other check failed, or when a check could
not fail.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.chaos import page
from tests.chaos.campaign import BrokenRunError, Campaign, Extent
from tests.chaos.worker_pool import WorkerPool

FOLDER = Path("build") / "chaos"
PAGE = Path("docs") / "chaos.md"
# In a sample, a pair for so many cases with one fault.
_SINGLES_FOR_A_PAIR = 3
# A lane's server, proxy and some 28 processes of functions.
_WORKER_GIGABYTES = 2.75


def main() -> int:
    """The exit status."""
    arguments = _arguments()
    began = time.monotonic()
    sample = arguments.sample
    extent = Extent(sample, None if sample is None else max(1, sample // _SINGLES_FOR_A_PAIR), seed=arguments.seed)
    with WorkerPool(arguments.lanes) as lanes:
        campaign = Campaign(lanes, FOLDER, partial(print, flush=True), _state(), arguments.keep)
        try:
            outcome = campaign.run(extent)
        except BrokenRunError as error:
            print(f"FAILED {error}")
            return 1
    for words in outcome.wrong():
        print(f"FAILED {words}")
    if sample is None or arguments.page:
        PAGE.write_text(page.render(outcome.cases, outcome.whole, outcome.without, outcome.all_cases), "utf-8")
    minutes = (time.monotonic() - began) / 60
    print(f"{len(outcome.whole)} cases and {len(outcome.without)} with a release off, {minutes:.1f} minutes")
    return 1 if outcome.wrong() else 0


def _state() -> str:
    """The commit, and a digest that changes with whatever the results depend on."""
    digest = hashlib.sha256()
    for folder in ("lambdas", "local", "stacks", "statemachine", "tests/chaos", "tuner"):
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path}\0".encode() + path.read_bytes())
    # Outside a clone there is no commit to name.
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return " ".join(part for part in (commit.stdout.strip(), digest.hexdigest()[:12]) if part)


def _lanes() -> int:
    """As many as the machine's memory takes; more than eight are not quicker on two cores."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(8, int(gigabytes / _WORKER_GIGABYTES)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--sample", type=int, help="so many cases, drawn by the seed; all when absent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=_lanes(), help="clouds side by side")
    parser.add_argument("--keep", action="store_true", help="do not play again what held at an earlier state")
    parser.add_argument("--page", action="store_true", help="write docs/chaos.md of a sample too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
