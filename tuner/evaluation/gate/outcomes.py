"""What a rule of the gate comes to, and the sentence about the rules with the same decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuner.artifacts.evaluation.gate import GateDecision, RuleName, RuleNumbers, RuleResult, SliceName

# Slices that the sentence of the gate names for one rule.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule came to, on all questions or in one slice.

    `statement` follows the name of the measure and is the same for slices with the same outcome. `detail` ends the
    sentence with the numbers, which differ between slices. `compared` is False if there was nothing to compare with,
    and `may_be_worse` says that an accepted comparison does not exclude a loss.
    """

    measure: str
    rule: RuleName
    decision: GateDecision
    statement: str
    numbers: RuleNumbers
    detail: str = ""
    compared: bool = True
    may_be_worse: bool = False
    slice: SliceName | None = None

    @property
    def summary(self) -> str:
        """The sentence without the slice, and without the numbers that differ between slices."""
        return f"{self.measure} {self.statement}"

    @property
    def sentence(self) -> str:
        """The whole sentence, without its full stop."""
        suffix = f" for {self.slice.field} '{self.slice.value}'" if self.slice else ""
        return f"{self.summary}{self.detail}{suffix}"

    def result(self) -> RuleResult:
        """The rule's entry in gate.json."""
        return RuleResult(
            measure=self.measure,
            rule=self.rule,
            decision=self.decision,
            sentence=self.sentence,
            numbers=self.numbers,
            **({"slice": self.slice} if self.slice else {}),  # the artifact has no member for all questions
        )


def reasons(outcomes: Sequence[RuleOutcome]) -> Iterator[str]:
    """The sentences of rules with the same decision. Slices with the same outcome are named together."""
    said = {outcome.summary for outcome in outcomes if outcome.slice is None and not outcome.compared}
    of_all = {(outcome.measure, outcome.rule) for outcome in outcomes if outcome.slice is None}
    slices: dict[tuple[str, RuleName], list[RuleOutcome]] = {}
    for outcome in outcomes:
        if outcome.slice is None:
            yield outcome.sentence
        elif outcome.summary not in said:
            slices.setdefault((outcome.measure, outcome.rule), []).append(outcome)
    for key, found in slices.items():
        if key in of_all and found[0].decision == "accepted":
            # Each slice has fewer questions, so it excludes a loss less often.
            limit = ", in which a loss is not excluded" if any(outcome.may_be_worse for outcome in found) else ""
            yield f"and so it is in each of {len(found)} slices by '{_field(found)}'{limit}"
            continue
        yield from _of_slices(found)


def _of_slices(outcomes: Sequence[RuleOutcome]) -> Iterator[str]:
    """What slices of one rule have in common is said once, without the numbers that differ, for the first of them."""
    together: dict[str, list[RuleOutcome]] = {}
    for outcome in outcomes:
        together.setdefault(outcome.summary, []).append(outcome)
    for what, found in together.items():
        if len(found) == 1:
            yield found[0].sentence
            continue
        names = [f"'{outcome.slice.value}'" for outcome in found if outcome.slice]
        rest = len(names) - _MOST_NAMED
        last = f"{rest} more" if rest > 0 else names.pop()
        yield f"{what} for {_field(found)} {', '.join(names[:_MOST_NAMED])} and {last}"


def _field(outcomes: Sequence[RuleOutcome]) -> str:
    """The field of the slices of one rule."""
    return outcomes[0].slice.field if outcomes[0].slice else ""
