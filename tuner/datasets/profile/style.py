"""What the answers look like: fine-tuning copies it, wanted or not."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tuner.datasets.findings import Flaw
from tuner.datasets.profile.words import words
from tuner.datasets.records.record import Record

_REFUSAL = re.compile(
    r"\b(?:as an ai\b|as a (?:large )?language model|i(?:['’]| a)m sorry,? but|"
    r"i (?:cannot|can['’]t|am unable to|am not able to) (?:help|assist|answer|provide|comply))",
    re.IGNORECASE,
)
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_ALIKE = 0.5  # the share of answers with one opening that is worth a warning
_ENOUGH = 20


class Style:
    """Looks at every record of a file."""

    def __init__(self, tokens: Callable[[str], int]) -> None:
        self._tokens = tokens
        self._prompts: list[int] = []
        self._completions: list[int] = []
        self._openings: Counter[str] = Counter()
        self._lists = 0

    def look(self, record: Record, shown: bool = True) -> Iterator[Flaw]:
        """A warning for an answer that refuses. How it opens is said of records that may be shown."""
        self._prompts.append(self._tokens(record.prompt))
        self._completions.append(self._tokens(record.completion))
        if shown:
            self._openings[" ".join(words(record.completion[:200])[:3])] += 1
        self._lists += len(_LIST.findall(record.completion)) >= 2
        if refusal := _REFUSAL.search(record.completion[:300]):
            message = f"the answer refuses ('{refusal.group()}')."
            remedy = "Remove the record, unless refusing is what the model shall learn."
            yield Flaw("refusal", message, remedy, record.turns[-1].field, "warning")

    def flaws(self) -> Iterator[Flaw]:
        """A warning when most answers open alike."""
        opening, count = self._openings.most_common(1)[0] if self._openings else ("", 0)
        records = len(self._completions)
        if opening and records >= _ENOUGH and count > _ALIKE * records:
            message = f"{count:,} of {records:,} answers open with '{opening}': the model will open every answer so."
            yield Flaw("openings-alike", message, "Vary how answers begin.", severity="warning")

    def summary(self) -> dict[str, Any]:
        """Lengths in tokens, the share of answers with lists, and the commonest openings."""
        records = len(self._completions)
        return {
            "records": records,
            "prompt_tokens": _distribution(self._prompts),
            "completion_tokens": _distribution(self._completions),
            "answers_with_lists": round(self._lists / records, 3) if records else 0,
            "openings": [{"words": opening, "records": count} for opening, count in self._openings.most_common(5)],
        }


def _distribution(lengths: list[int]) -> dict[str, float]:
    if not lengths:
        return {}
    if len(lengths) == 1:
        return dict.fromkeys(("smallest", "p5", "median", "p95", "largest"), lengths[0])
    cuts = statistics.quantiles(lengths, n=20, method="inclusive")
    return {"smallest": min(lengths), "p5": cuts[0], "median": cuts[9], "p95": cuts[18], "largest": max(lengths)}
