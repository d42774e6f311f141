"""docs/architecture.md names files that exist, draws every folder, and follows the steps in the order of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.state_machine_definition import called
from statemachine.definition import SOURCE
from tests.unit.architecture.import_graph import import_graph, reachable

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs/architecture.md").read_text("utf-8")
_NAMED = re.compile(r"`((?:[\w.-]+/)*[\w-]+(?:\.py|\.json|\.yaml|/))`")
_STEP = re.compile(r"(?<!\*)\*(\w+_\w+|preprocess|validate|preflight|notify)\*(?!\*)")
# What a run writes or a user uploads is in a folder of a bucket.
_IN_BUCKETS = {"runs", "incoming", "answers", "batch", "candidates", "generated", "report"}


def _walk(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def _items(walk: str) -> list[str]:
    """The rows of a table, or the items of a numbered list."""
    rows = [row for row in re.findall(r"^\|.*", walk, re.M) if not row.startswith(("| ---", "|---"))]
    return rows or re.split(r"^\d+\. ", walk, flags=re.M)[1:]


RECORD = _items(_walk("How a record is processed"))
DOLLAR = _items(_walk("How a dollar is estimated, approved, spent and billed"))


def files(text: str) -> Iterator[Path]:
    """The files that a text names. A name without a folder is in the folder of the one before, or beside it."""
    folder = CHECKOUT
    for name in _NAMED.findall(text):
        found = next((place / name for place in (CHECKOUT, folder, folder.parent) if (place / name).exists()), None)
        if found:
            folder = found if found.is_dir() else found.parent
        elif not _is_artifact(name):
            found = CHECKOUT / name
        if found:
            yield found


def _is_artifact(name: str) -> bool:
    artifacts = (CHECKOUT / "tuner/core/artifact_keys.py").read_text("utf-8")
    return name in artifacts or name.split("/")[0] in {*_IN_BUCKETS, "run.yaml", "cdk.json"}


def test_every_file_that_the_page_names_exists() -> None:
    paragraphs = [line for block in re.split(r"\n\n|\n(?=\d+\. )", PAGE) for line in re.split(r"\n(?=\|)", block)]
    missing = [path for paragraph in paragraphs for path in files(paragraph) if not path.exists()]
    assert missing == []


def test_a_name_without_a_folder_is_searched_beside_the_one_before() -> None:
    [job, adoption, missing] = files("`tuner/training/job.py`, `adoption.py`, `purchase.py`")
    assert job.exists() and adoption.exists() and not missing.exists()


def test_every_folder_of_tuner_is_drawn() -> None:
    drawn = PAGE[: PAGE.index("| To change")]
    folders = {path.name for path in (CHECKOUT / "tuner").iterdir() if (path / "__init__.py").exists()}
    assert folders - set(re.findall(r"\w+", drawn)) == set()


def test_every_step_that_the_page_names_is_a_function() -> None:
    assert {step for step in _STEP.findall(PAGE) if not (CHECKOUT / f"lambdas/{step}.py").exists()} == set()


@pytest.mark.parametrize("walk", [RECORD, DOLLAR[:-1]], ids=["record", "dollar"])
def test_the_steps_are_named_in_the_order_of_the_state_machine(walk: list[str]) -> None:
    steps = [step for item in walk for step in _STEP.findall(item)[:1] if step in called().values()]
    order = iter(_functions_in_order())
    assert len(steps) > 5
    assert [step for step in steps if step not in order] == []  # `in` goes on where the last search ended


@pytest.mark.parametrize("walk", [RECORD, DOLLAR], ids=["record", "dollar"])
def test_each_step_uses_the_files_that_are_named_for_it(walk: list[str]) -> None:
    unused = [
        (steps, path.relative_to(CHECKOUT).as_posix())
        for item, steps in zip(walk, _steps(walk), strict=True)
        for path in files(item)
        if path.is_relative_to(CHECKOUT / "tuner") and path.suffix != ".yaml" and not _uses(steps, path)
    ]
    assert unused == []


def _steps(walk: list[str]) -> list[list[str]]:
    """The steps of each item: those that it names, or those of the item before ("the same step")."""
    found: list[list[str]] = []
    for item in walk:
        own: list[str] = _STEP.findall(item)
        found.append(own or (found[-1] if found else []))
    return found


def _uses(steps: list[str], path: Path) -> bool:
    name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    graph = import_graph()
    imported = {module for step in steps for module in reachable(graph, f"lambdas.{step}")}
    return any(module == name or module.startswith(f"{name}.") for module in imported)


def _functions_in_order() -> list[str]:
    """The functions in the order of their states in the file, which is that of a run."""
    return [called()[name] for name in re.findall(r"\$\{(\w+)\}", SOURCE.read_text("utf-8")) if name in called()]
