"""The keys of all artifacts that the code can write, derived from the code: a new artifact is among them by itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import tuner.artifacts
from tuner.artifacts.base import Artifact
from tuner.artifacts.batch import INPUT, BatchJob
from tuner.artifacts.costs import token_reservation
from tuner.artifacts.costs.token_reservation import Reservation, batch_payer, judge_batch, judge_payer
from tuner.core.artifact_keys import Keys

RUN = "faq-0123456789ab"
# What stands for each kind of argument of a method of Keys, and for a file in a folder.
_ARGUMENTS = {"str": "base", "int": 0}
_FILE = "00000.json"
_BATCHES = ("base", judge_batch(0))


def names_in_a_run() -> set[str]:
    """The names below `runs/<run id>/`. A folder in which no name is known is represented by one file in it."""
    named = {*_constants(), *_made_by_methods(), *(model.NAME for model in _models()), *_reservations()}
    named -= {BatchJob.NAME}  # below the folder of each batch job
    named |= {Keys.batch(name) + file for name in _BATCHES for file in (BatchJob.NAME, INPUT)}
    named |= {Keys.candidate(0) + Keys.TRAINING_JOB, Keys.candidate(0) + Keys.TRAINING_OUTPUT}
    empty = {name for name in named if not any(other != name and other.startswith(name) for other in named)}
    files = empty | {name for name in named if not name.endswith("/")}
    return {name + _FILE if name.endswith("/") else name for name in files if not name.startswith("runs/")}


def shared_keys() -> set[str]:
    """The keys beside the runs' folders."""
    keys = {name for name in {*_constants(), *_made_by_methods()} if name.startswith("runs/")}
    return keys - {Keys.folder(_ARGUMENTS["str"])}  # type: ignore[arg-type]


def keys() -> set[str]:
    """The keys of a run's artifacts and of those that all runs share."""
    return {Keys.folder(RUN) + name for name in names_in_a_run()} | shared_keys()


def _constants() -> Iterator[str]:
    yield from (value for name, value in vars(Keys).items() if name.isupper())


def _made_by_methods() -> Iterator[str]:
    for name, method in inspect.getmembers(Keys, inspect.isfunction):
        wanted = inspect.signature(method).parameters.values()
        made: str = getattr(Keys, name)(*(_ARGUMENTS[each.annotation] for each in wanted))
        yield made


def _models() -> Iterator[type[Artifact]]:
    """All artifacts. The modules are imported first: a class is unknown until then."""
    for module in pkgutil.walk_packages(tuner.artifacts.__path__, "tuner.artifacts."):
        importlib.import_module(module.name)
    waiting = [Artifact]
    while waiting:
        found = waiting.pop().__subclasses__()
        yield from (model for model in found if "NAME" in vars(model))
        waiting += found


def _reservations() -> Iterator[str]:
    payers = [*token_reservation._FOLDERS, "base", judge_payer(1), *(batch_payer(name) for name in _BATCHES)]
    yield from (Reservation.name(payer) for payer in payers)
