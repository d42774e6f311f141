"""Describes the style of the answers: a tuned model copies it."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator

from tuner.artifacts.dataset import AnswerOpening, FileProfile, TokenLengths
from tuner.datasets.findings import Issue
from tuner.datasets.profile.words import words
from tuner.datasets.records.record import Record

_REFUSAL = re.compile(
    r"\b(?:as an ai\b|as a (?:large )?language model|i(?:['’]| a)m sorry,? but|"
    r"i (?:cannot|can['’]t|am unable to|am not able to) (?:help|assist|answer|provide|comply))",
    re.IGNORECASE,
)
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
# A warning needs this share of answers with the same opening, in a file of at least so many records.
_SAME_OPENING = 0.5
_MIN_RECORDS = 20
_OPENING_WORDS = 3
_OPENINGS_LISTED = 5


class StyleCounter:
    """Takes every record of a file."""

    def __init__(self, tokens: Callable[[str], int]) -> None:
        self._tokens = tokens
        self._prompts: list[int] = []
        self._completions: list[int] = []
        self._openings: Counter[str] = Counter()
        self._lists = 0

    def add(self, record: Record, shown: bool = True) -> Iterator[Issue]:
        """A warning if the answer is a refusal. The opening is counted only for records that may be shown."""
        self._prompts.append(self._tokens(record.prompt))
        self._completions.append(self._tokens(record.completion))
        if shown:
            self._openings[" ".join(words(record.completion[:200])[:_OPENING_WORDS])] += 1
        self._lists += len(_LIST.findall(record.completion)) >= 2
        if refusal := _REFUSAL.search(record.completion[:300]):
            message = f"the answer refuses ('{refusal.group()}')."
            remedy = "Remove the record, unless the model should learn to refuse."
            yield Issue("refusal", message, remedy, record.turns[-1].field, "warning")

    def issues(self) -> Iterator[Issue]:
        """A warning if most answers begin with the same words."""
        opening, count = self._openings.most_common(1)[0] if self._openings else ("", 0)
        records = len(self._completions)
        if opening and records >= _MIN_RECORDS and count > _SAME_OPENING * records:
            message = (
                f"{count:,} of {records:,} answers begin with '{opening}': the model will begin every answer this way."
            )
            yield Issue("openings-alike", message, "Vary how answers begin.", severity="warning")

    def profile(self, languages: dict[str, int]) -> FileProfile:
        """Lengths in tokens, the share of answers with lists, and the most frequent openings."""
        records = len(self._completions)
        openings = self._openings.most_common(_OPENINGS_LISTED)
        return FileProfile(
            records=records,
            prompt_tokens=_distribution(self._prompts),
            completion_tokens=_distribution(self._completions),
            answers_with_lists=round(self._lists / records, 3) if records else 0,
            openings=tuple(AnswerOpening(words=opening, records=count) for opening, count in openings),
            languages=languages,
        )


def _distribution(lengths: list[int]) -> TokenLengths:
    if not lengths:
        return TokenLengths()
    if len(lengths) == 1:
        [only] = lengths
        return TokenLengths(smallest=only, p5=only, median=only, p95=only, largest=only)
    # 20 intervals: the cut points are at 5 %, 10 %, ... 95 %.
    points = statistics.quantiles(lengths, n=20, method="inclusive")
    return TokenLengths(smallest=min(lengths), p5=points[0], median=points[9], p95=points[18], largest=max(lengths))
