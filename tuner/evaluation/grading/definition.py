"""Identifies the code that makes grades, so that grades of different definitions are never mixed in one run."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache
from importlib.metadata import version
from pathlib import Path

# All of tuner/evaluation/.
PACKAGE = Path(__file__).parents[1]
# They decide where words begin and end, and what BLEU and BERTScore are.
_LIBRARIES = ("regex", "sacrebleu", "numpy", "onnxruntime", "tokenizers")


@cache
def grading_definition() -> str:
    """A hash of the code of `tuner/evaluation/`, and of the versions of the libraries and of Unicode that it uses.

    It also changes with code that decides no grade. Grading a shard again is cheap, because judgments are cached; a
    list of the modules that matter could miss one.
    """
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    return definition_of(PACKAGE, [*libraries, f"Unicode {unicodedata.unidata_version}"])


def definition_of(package: Path, uses: list[str]) -> str:
    """A hash of all modules and prompts in a package's folder, and of the names and versions of what it uses."""
    found = hashlib.sha256("\n".join(uses).encode())
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".md"):
            content = path.read_bytes()
            found.update(f"\n{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()
