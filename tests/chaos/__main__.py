"""`make chaos`: runs all cases or a sample, then some cases again without each of the five releases.

Each result is kept in `build/chaos/` with the state of the code. An interrupted campaign continues where it stopped.
With --keep it also keeps passed cases after a change of the code; the page lists the states. A larger sample with the
same seed contains the smaller ones. After a campaign with all cases, or with --page, it writes docs/chaos.md.
--render-only writes the page from the kept results and runs nothing. --case plays only those pairs of the model of the
release protocol whose name matches, and prints their rows of the page. The exit status is 1 if something leaked,
another check failed, or a check cannot fail.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.chaos import page
from tests.chaos.campaign import BrokenRunError, Campaign, CampaignSize, Outcome, kept_outcome
from tests.chaos.protocol_cases import modelled
from tests.chaos.workers.worker_pool import Task, WorkerPool

FOLDER = Path("build") / "chaos"
PAGE = Path("docs") / "chaos.md"
# In a sample: how many cases with one fault there are for each pair, and for each case from the model.
_SINGLES_PER_PAIR = 3
# The memory of a worker: its server, its proxy and about 28 processes of functions.
_WORKER_GIGABYTES = 2.75


def main() -> int:
    """Run the campaign. Returns the exit status."""
    arguments = _arguments()
    began = time.monotonic()
    sample = arguments.sample
    pairs = None if sample is None else max(1, sample // _SINGLES_PER_PAIR)
    size = CampaignSize(sample, pairs, pairs, seed=arguments.seed, only=arguments.only)
    if arguments.render_only:
        _write_page(kept_outcome(FOLDER, size), arguments.seed)
        return 0
    if arguments.case:
        return _play(arguments)
    with WorkerPool(arguments.workers) as pool:
        campaign = Campaign(pool, FOLDER, partial(print, flush=True), _code_state(), arguments.keep)
        try:
            outcome = campaign.run(size)
        except BrokenRunError as error:
            print(f"FAILED {error}")
            return 1
    for failure in outcome.failures():
        print(f"FAILED {failure}")
    if arguments.page or (sample is None and not arguments.only):
        _write_page(outcome, arguments.seed)
    minutes = (time.monotonic() - began) / 60
    print(f"{len(outcome.complete)} cases and {len(outcome.without)} without a release, {minutes:.1f} minutes")
    return 1 if outcome.failures() else 0


def _play(arguments: argparse.Namespace) -> int:
    """Play the pairs of the model whose name matches. They need no run without a fault before them."""
    cases = [case for case in modelled() if re.search(arguments.case, case.name)]
    if not cases:
        print(f"No case of the model matches {arguments.case!r}.")
        return 1
    with WorkerPool(min(arguments.workers, len(cases))) as pool:
        campaign = Campaign(pool, FOLDER, partial(print, flush=True), _code_state(), arguments.keep)
        results = campaign.results_of([Task(case) for case in cases])
    print(*(page.pair_row(case, result) for case, result in zip(cases, results, strict=True)), sep="\n")
    return 1 if any(result.findings or result.leaked for result in results) else 0


def _write_page(outcome: Outcome, seed: int) -> None:
    text = page.render(outcome.cases, outcome.complete, outcome.without, outcome.all_cases, seed)
    PAGE.write_text(text, "utf-8")


def _code_state() -> str:
    """The commit, and a digest of all files that the results depend on."""
    digest = hashlib.sha256()
    for folder in ("lambdas", "local", "stacks", "statemachine", "tests/chaos", "tuner"):
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path}\0".encode() + path.read_bytes())
    # Outside of a clone there is no commit.
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return " ".join(part for part in (commit.stdout.strip(), digest.hexdigest()[:12]) if part)


def _default_workers() -> int:
    """As many as fit into the machine's memory, and at most eight: more are not faster on two cores."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(8, int(gigabytes / _WORKER_GIGABYTES)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--sample", type=int, help="number of cases, drawn with the seed (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults only in the scenarios whose name matches this pattern")
    parser.add_argument("--case", default="", help="play only the pairs of the model whose name matches this pattern")
    parser.add_argument(
        "--workers", "--lanes", dest="workers", type=int, default=_default_workers(), help="number of parallel clouds"
    )
    parser.add_argument("--keep", action="store_true", help="do not run cases again that passed with earlier code")
    parser.add_argument("--page", action="store_true", help="write docs/chaos.md for a sample, too")
    parser.add_argument("--render-only", action="store_true", help="write docs/chaos.md from the kept results only")
    arguments = parser.parse_args()
    if arguments.only and (arguments.page or arguments.render_only):
        parser.error("--only plays a part of the runs: it does not write the page")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
