"""Writes `expected/` anew from what the code does now: `python -m tests.characterization.update`."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from tests.characterization.cloud import NAMES, SavedRun
from tests.characterization.steps import EXPECTED, GRADED_AGAIN, STEPS, grades, repeated


def main() -> None:
    """Writes one folder for each run, with one file for each artifact or message."""
    for name in NAMES:
        run, folder = SavedRun.load(name), EXPECTED / name
        steps = [step for step, artifact in STEPS.values() if run.has(artifact)]
        for step in (*steps, grades) if name == GRADED_AGAIN else steps:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):  # the functions' logs
                found = repeated(run, step, patch)
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in found.items():
                (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
