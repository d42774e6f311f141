"""Reads answers of promptfoo's tests and of Argilla's columns, which say in their own way what the right answer is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuner.datasets.field_and_role_names import ANSWERS, LABELS, Fields, find, find_known
from tuner.datasets.findings import Issue
from tuner.datasets.records.schemas.compound_names import ANSWER
from tuner.datasets.records.schemas.context_fields import parsed_cell
from tuner.datasets.records.schemas.record_selection import left_out

_RESPONSES = ".responses"
_ABOUT_RESPONSES = re.compile(r"\.(?:responses\.(?:users|status)|suggestion(?:\.\w+)?)$")
_EXPECTED = "__expected"
# A check of promptfoo in a cell: `contains: nine`, `similar(0.8): nine metres`, `is-json`. A text without one of these
# names is the whole answer. Source: "Deterministic metrics" and "Test cases" of promptfoo's documentation.
_CHECK = re.compile(
    r"(?P<check>(?:not-)?(?:i?contains(?:-[a-z]+)?|is-[a-z-]+|starts-with|regex|similar|levenshtein|rouge-n|bleu|gleu|"
    r"f-score|meteor|classifier|cost|latency|perplexity(?:-score)?|javascript|fn|eval|python|file|webhook|llm-rubric|"
    r"grade|g-eval|factuality|model-graded-[a-z]+|answer-relevance|context-[a-z]+|select-best|moderation|guardrails))"
    r"(?:\([\d.]+\))?\s*(?::|$)"
)
_EQUALS = re.compile(r"equals\s*:\s*")
_TEMPLATE = re.compile(r"\s*\{\{-?\s*([\w.]+)\s*-?\}\}\s*")
_NO_REFERENCE = 'Add {"type": "equals", "value": "..."} with the whole answer, or remove the test.'


def answer_field(row: Fields, names: Sequence[str]) -> str | None:
    """The field of the answer in an export of Argilla or a test of promptfoo; None for other records."""
    responses = [name for name in names if is_response(name, names)]
    outer = {name.removesuffix(_RESPONSES): name for name in responses}
    if found := find_known((*ANSWERS, *LABELS), list(outer)) or ANSWER.find(list(outer)).name:
        return outer[found]
    if len(responses) == 1 and find_known(ANSWERS, list(names)) is None:
        return responses[0]
    is_test = isinstance(row.get("assert"), list) and isinstance(row.get("vars"), Mapping)
    return "assert" if is_test and find_known(ANSWERS, list(names)) is None else None


def is_response(name: str, names: Sequence[str]) -> bool:
    """Whether a column has the responses to a question of Argilla."""
    beside = (f"{name}.status", f"{name}.users", f"{name.removesuffix(_RESPONSES)}.suggestion")
    return name.endswith(_RESPONSES) and any(each in names for each in beside)


def is_exported(name: str) -> bool:
    """Whether the answer of a record is found by `exported_answers` in a field of this name."""
    return name == "assert" or name.rpartition(".")[2].startswith(_EXPECTED) or name.endswith(_RESPONSES)


def exported_answers(row: Fields, name: str) -> tuple[str, ...] | Issue | None:
    """The answers in the field `name`, or why there is none. None if it is no field of such a program.

    A record of Argilla that nobody has answered is left out, with a warning.
    """
    value = find(row, name)
    if name == "assert" and isinstance(value, list):
        return _asserted(row, value)
    if name.rpartition(".")[2].startswith(_EXPECTED) and isinstance(value, str):
        return _expected(value, name)
    return _submitted(row, name) if name.endswith(_RESPONSES) else None


def _asserted(row: Fields, checks: list[Any]) -> tuple[str, ...] | Issue:
    """The text that an answer must equal. The other checks of a test look at a part of the answer, or ask a judge."""
    found = list(_flat(checks))
    equal = list(dict.fromkeys(_as_text(check.get("value")) for check in found if check.get("type") == "equals"))
    if not equal:
        kinds = ", ".join(f"'{kind}'" for kind in dict.fromkeys(str(check.get("type"))[:40] for check in found))
        what = f"only {kinds}, which do not say what the whole answer is" if kinds else "no check"
        return Issue("missing-field", f"has no reference answer: the test has {what}.", _NO_REFERENCE, "assert")
    if len(equal) > 1:
        message = f"has {len(equal)} different texts that the answer must equal."
        return Issue("field-type", message, "Keep the right one.", "assert")
    return _resolved(row, equal[0])


def _flat(checks: list[Any]) -> Iterator[Fields]:
    """The checks of a list, and of the sets in it."""
    for check in checks:
        if isinstance(check, Mapping):
            inner = check.get("assert")
            yield from _flat(inner) if check.get("type") == "assert-set" and isinstance(inner, list) else (check,)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _resolved(row: Fields, text: str) -> tuple[str, ...] | Issue:
    """The text, or the variable of the test that it names: `{{answer}}`."""
    if not text.strip():
        return Issue("empty-text", "has an empty 'value'.", "Write the answer.", "assert")
    if match := _TEMPLATE.fullmatch(text):
        variable = find(row, f"vars.{match.group(1)}")
        if isinstance(variable, str):
            return (variable,)
    if "{{" in text or text.startswith("file://"):
        message = f"'{text[:60]}' is not the answer: promptfoo replaces it by another text."
        return Issue("field-type", message, "Write the answer itself.", "assert")
    return (text,)


def _expected(text: str, name: str) -> tuple[str, ...] | Issue | None:
    if match := _CHECK.match(text):
        check = match.group("check")
        message = f"is a check of promptfoo ('{check}'), which does not say what the whole answer is."
        return Issue("missing-field", message, "Write the whole answer, or remove the record.", name)
    return (_EQUALS.sub("", text, count=1),) if _EQUALS.match(text) else None


def _submitted(row: Fields, name: str) -> tuple[str, ...] | Issue | None:
    """The responses that people submitted to Argilla. Drafts, discarded responses and suggestions are no answers."""
    responses, states = parsed_cell(find(row, name)), parsed_cell(find(row, f"{name}.status"))
    if isinstance(responses, str) and responses.strip():
        message = "must be a list of responses in JSON."
        return Issue("field-type", message, "Export the dataset as JSON or Parquet, and not as CSV.", name)
    entries = responses if isinstance(responses, list) else []
    if isinstance(states, list) and len(states) == len(entries):
        entries = [entry for entry, state in zip(entries, states, strict=True) if state == "submitted"]
    texts = tuple(dict.fromkeys(_as_text(entry) for entry in entries if entry is not None))
    if not texts:
        remedy = "Nothing to do if that is right; else submit a response in Argilla, and export the dataset again."
        return left_out(name, "has no submitted response.", remedy)
    return texts


def about_responses(row: Fields) -> list[str]:
    """Argilla's columns that say nothing about the record: who responded, the states of responses, suggestions."""
    if not any(name.endswith(_RESPONSES) for name in row):
        return []
    return [name for name in row if _ABOUT_RESPONSES.search(name)]
