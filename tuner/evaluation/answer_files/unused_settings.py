"""Finds what run.yaml asks for and a comparison of files cannot give: `tuner evaluate` warns of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.catalog.guard_questions import MEASURE as GUARD_MEASURE
from tuner.datasets.unused_settings import changed_settings, slices_of_one_group
from tuner.settings import RunSettings

_OF_ASKING = ("evaluation.stop_early", "evaluation.samples", "evaluation.guard")
_NO_CONTESTANT = frozenset({"base", "best", "tuned"})


def unused_in_files(settings: RunSettings, contestants: Collection[ContestantName]) -> Iterator[str]:
    """The warnings. `contestants` are those whose answers are in files.

    Settings that are about a run as a whole, such as its hyperparameters, are not named: only those of the sections
    that a comparison of files uses.
    """
    if unused := [name for name in changed_settings(settings) if name in _OF_ASKING]:
        verb = "has" if len(unused) == 1 else "have"
        yield f"{', '.join(unused)} {verb} no effect: the answers are in the files already, and no model is asked."
    if settings.evaluation.group_by in settings.evaluation.slices:
        issue = slices_of_one_group(settings.evaluation.group_by)
        yield f"{issue.message} {issue.remedy}"
    if GUARD_MEASURE in settings.gate:
        yield (
            f"The gate's rule about {GUARD_MEASURE} cannot be decided here: only a run asks guard questions. Remove it "
            "from the gate to compare files."
        )
    named = {each.name for each in settings.compare_with or ()}
    named |= {name for rule in settings.gate.values() for name in rule.compared_with}
    for name in sorted(named - _NO_CONTESTANT - set(contestants)):
        yield f"The settings compare with {name}, and there are no answers of it: add --contestant {name}=FILE."
