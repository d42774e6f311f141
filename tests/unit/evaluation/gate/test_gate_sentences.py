"""The sentence of each rule of the gate for each outcome, and for each contestant that a rule can name."""

from collections.abc import Sequence
from itertools import product

import pytest

from tests.unit.evaluation.test_scores import scores
from tuner.artifacts.evaluation.measure_scores import Compared, MeasureScores, Slice, Slices
from tuner.artifacts.evaluation.scores import PreviousBest
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.settings import GateRule

Pairs = Sequence[tuple[str | None, str | None]]
OUTCOMES: dict[str, Pairs] = {
    "better": [("5", "8"), ("4", "8")] * 6,
    "worse": [("8", "5"), ("8", "4")] * 6,
    "slightly worse": [("5", "4"), ("5", "5"), ("6", "5"), ("5", "4")] * 6,
    "open": [("5", "7"), ("7", "5"), ("5", "6")] * 4,
    "equal": [("5", "5")] * 8,
    "few": [("5", "8")] * 3,
    "not graded": [("?", "?")] * 8,
    "no answers of the other": [(None, "5")] * 7 + [("5", "5")],
    "no answers of the tuned model": [("5", None)] * 7 + [("5", "5")],
    "no answers": [(None, None)] * 8,
}
RULES = {
    "at_least": {"at_least": 6},
    "at_most": {"at_most": 6},
    "better_than": {"better_than": "OTHER"},
    "not_worse_than": {"not_worse_than": "OTHER"},
    "not_worse_by": {"not_worse_by": {"than": "OTHER", "margin": 1}},
}
# How a sentence calls the other contestant.
WORDS = {
    "base": "base",
    "few_shot": "the base model with examples",
    "best": "the best earlier run (faq-1, chosen as the best of 4 by these questions, so its score is probably too "
    "high)",
    "no earlier run": "base (there is no earlier run to compare with)",
}
BOTH = "could not be compared with OTHER: it gave no answer to 8 of 8 questions and the tuned model gave no answer to 8"
UNGRADED = "could not be compared with OTHER: it has no grade for 8 of 8 questions and the tuned model has no grade for"
SENTENCES = {
    "at_least": ["is 8, at least 6", "is 4.5, not at least 6", "is 4.5, not at least 6", "is 6, at least 6",
                 "is 5, not at least 6", "is 8, at least 6", "could not be measured", "is 5, not at least 6",
                 "is 1.5, not at least 6", "is 1, not at least 6"],
    "at_most": ["is 8, not at most 6", "is 4.5, at most 6", "is 4.5, at most 6", "is 6, at most 6", "is 5, at most 6",
                "is 8, not at most 6", "could not be measured", "is 5, at most 6", "is 1.5, at most 6",
                "is 1, at most 6"],
    "better_than": ["is better than OTHER", "is worse than OTHER", "is worse than OTHER",
                    "is neither shown to be better nor worse than OTHER",
                    "is neither shown to be better nor worse than OTHER",
                    "is neither shown to be better nor worse than OTHER", f"{UNGRADED} 8 of 8 questions",
                    "could not be compared with OTHER: it gave no answer to 7 of 8 questions",
                    "could not be compared with OTHER: the tuned model gave no answer to 7 of 8 questions",
                    f"{BOTH} of 8 questions"],
    "not_worse_than": ["is not shown to be worse than OTHER", "is worse than OTHER", "is worse than OTHER",
                       "is not shown to be worse than OTHER, but a loss of up to 0.833 is not excluded",
                       "is not shown to be worse than OTHER, but a loss of up to 3.32 is not excluded",
                       "is not shown to be worse than OTHER, but so few questions cannot show a loss",
                       f"{UNGRADED} 8 of 8 questions",
                       "could not be compared with OTHER: it gave no answer to 7 of 8 questions",
                       "could not be compared with OTHER: the tuned model gave no answer to 7 of 8 questions",
                       f"{BOTH} of 8 questions"],
    "not_worse_by": ["is not worse than OTHER by more than 1", "is worse than OTHER by more than 1",
                     "is not worse than OTHER by more than 1",
                     "is not worse than OTHER by more than 1",
                     "is not shown to be within 1 of OTHER: a loss of up to 3.32 is not excluded",
                     "is not shown to be within 1 of OTHER: so few questions cannot show it",
                     f"{UNGRADED} 8 of 8 questions",
                     "could not be compared with OTHER: it gave no answer to 7 of 8 questions",
                     "could not be compared with OTHER: the tuned model gave no answer to 7 of 8 questions",
                     f"{BOTH} of 8 questions"],
}  # fmt: skip


def against(other: str, pairs: Pairs) -> GateComparisons:
    """The tuned model compared with this contestant, and with no other one."""
    found = scores(*pairs).metrics["correctness"]
    if other == "best":
        earlier = PreviousBest(
            run_id="faq-1", ended_at="2026-01-01T00:00:00Z", chosen_of=4, metrics={"correctness": found}
        )
        return GateComparisons({"correctness": found}, earlier)
    if other == "few_shot":
        compared = Compared(difference=found.difference, comparison=found.comparison, conclusion=found.conclusion)
        sides = {**found.by_contestant, "few_shot": found.base}
        found = found.model_copy(update={"by_contestant": sides, "compared": {"few_shot": compared}})
    return GateComparisons({"correctness": found})


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "other"), [*product(RULES, WORDS)])
def test_each_rule_has_a_sentence_for_each_outcome(rule: str, other: str) -> None:
    named = "best" if other == "no earlier run" else other
    settings = GateRule.model_validate_json(
        GateRule.model_validate(RULES[rule]).model_dump_json().replace("OTHER", named)
    )
    said = []
    for pairs in OUTCOMES.values():
        found = decide_gate({"correctness": settings}, against(other, pairs))
        assert found is not None
        said.append(found.rules[0].sentence)
    assert said == [f"correctness {sentence}".replace("OTHER", WORDS[other]) for sentence in SENTENCES[rule]]


def test_missing_answers_are_said_once_for_all_slices() -> None:
    part: MeasureScores = scores(*OUTCOMES["no answers of the other"]).metrics["correctness"]
    slices = tuple(Slice(value=value, questions=8, metrics={"correctness": part}) for value in "abc")
    whole = GateComparisons({"correctness": part}, slices=(Slices(field="topic", values=3, slices=slices),))
    found = decide_gate({"correctness": GateRule(better_than="base", each="topic")}, whole)
    assert found is not None
    assert len(found.rules) == 4
    assert found.sentence == (
        "Undecided: correctness could not be compared with base: it gave no answer to 7 of 8 questions."
    )
