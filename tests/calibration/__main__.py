"""`python -m tests.calibration`: simulates all designs and writes docs/calibration.md."""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.calibration.page import page

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"


def main() -> None:
    """Simulates, with a process for each core, and writes the page."""
    parser = argparse.ArgumentParser(description="Simulates comparisons with a known truth, and writes the page.")
    parser.add_argument("--simulations", type=int, default=1000, help="comparisons of each design")
    simulations, start = parser.parse_args().simulations, time.monotonic()
    with ProcessPoolExecutor() as pool:
        _PAGE.write_text(page(simulations, mapped=pool.map), "utf-8")
    print(f"Written in {(time.monotonic() - start) / 60:.1f} minutes: {_PAGE}")


if __name__ == "__main__":
    main()
