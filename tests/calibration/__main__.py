"""`python -m tests.calibration`: simulates all designs and writes docs/calibration.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.calibration.page import page

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"


def main() -> None:
    """Simulates, and writes the page."""
    parser = argparse.ArgumentParser(description="Simulates comparisons with a known truth, and writes the page.")
    parser.add_argument("--simulations", type=int, default=1000, help="comparisons of each design")
    _PAGE.write_text(page(parser.parse_args().simulations), "utf-8")
    print(f"Written: {_PAGE}")


if __name__ == "__main__":
    main()
