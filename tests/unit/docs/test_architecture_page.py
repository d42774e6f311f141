"""docs/architecture.md names files and folders that exist, and every stage of a run."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs/architecture.md").read_text("utf-8")
# Names without a folder follow one that has it: "`tuner/training/job.py`, `adoption.py`".
_NAMED = re.compile(r"`((?:[\w.-]+/)*[\w-]+(?:\.py|\.json|\.yaml|/))`")


def test_every_file_that_the_page_names_exists() -> None:
    missing = [name for name in _NAMED.findall(PAGE) if not (CHECKOUT / name).exists() and not _below(name)]
    assert missing == []


def _below(name: str) -> bool:
    """Whether a name without its folder is somewhere in the code, or is an artifact of a run."""
    artifacts = (CHECKOUT / "tuner/core/artifact_keys.py").read_text("utf-8")
    known = name in artifacts or any(
        (folder / name).exists() for folder in (CHECKOUT / "tuner").rglob("*") if folder.is_dir()
    )
    return known or name.split("/")[0] in {"runs", "incoming", "answers", "run.yaml"}


def test_every_folder_of_tuner_is_drawn() -> None:
    drawn = PAGE[: PAGE.index("| To change")]
    folders = {path.name for path in (CHECKOUT / "tuner").iterdir() if (path / "__init__.py").exists()}
    assert folders - set(re.findall(r"\w+", drawn)) == set()
