"""Refuses a table in which a hidden column may be the question or the answer, and another one is taken for it.

`Old Answer` is the answer of a table only as long as there is no `Answer`.
"""

from __future__ import annotations

from collections.abc import Iterable

from tuner.datasets.field_and_role_names import Fields
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.schemas.compound_names import ANSWER, QUESTION, FieldRole
from tuner.datasets.records.schemas.detection import Schema
from tuner.datasets.records.schemas.pairs import PairSchema
from tuner.settings import FieldNames


def meant_column(row: Fields, left_out: Iterable[str], fields: FieldNames, found: Schema | Issue) -> Issue | None:
    """An error if a column that is `left_out` may be the question or the answer, and the visible one is a guess.

    A visible column with a known name, or one that the settings name, is right whatever is hidden beside it. `found` is
    what was detected in the visible columns of `row`.
    """
    if not isinstance(found, PairSchema | Issue):
        return None
    for role, named in ((QUESTION, fields.prompt), (ANSWER, fields.completion)):
        visible = getattr(found, role.setting, None) or role.find(list(row)).name
        if named or (visible and _is_known(role, visible)):
            continue
        if name := next((each for each in left_out if role.find([each]).guessed or _is_known(role, each)), None):
            beside = f", and '{visible[:60]}' is not" if visible else ""
            message = f"the column '{name[:60]}' may hold the {role.what}, but it is hidden or struck through{beside}."
            remedy = f"Show it or delete it, and save; or name the {role.what} with {field_setting(role.setting)}."
            return Issue("hidden-columns", message, remedy)
    return None


def _is_known(role: FieldRole, name: str) -> bool:
    found = role.find([name])
    return found.name is not None and not (found.guessed or found.unclear)
