"""What people's scores change: nothing by a choice of questions, the mean by a random sample, everything by all."""

from collections.abc import Mapping

import numpy as np
import pytest

from tests.unit.evaluation.conftest import graded_records
from tuner.artifacts.evaluation.measure_scores import Slices
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.people import PeopleScores, ReviewSheet, joined
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.review.correction import label_of
from tuner.evaluation.review.human_scores import with_people
from tuner.evaluation.review.sampling import draw_sample
from tuner.evaluation.scores import summarize
from tuner.reporting.collect.caveats import people_caveats
from tuner.reporting.page.slices_table import slices_sentence
from tuner.settings import GateRule

ABOUT = {"correctness": MetricFacts(model="m", name="M")}


def judged(*scores: tuple[int | None, int | None]) -> Scores:
    def values(score: int | None) -> dict:
        return {"failed": True, "correctness": None} if score is None else {"correctness": score}

    records = graded_records(
        *({"id": f"q{i}", "base": values(a), "tuned": values(b)} for i, (a, b) in enumerate(scores))
    )
    return summarize(Graded(records, ABOUT, {"correctness": {"asked": 4, "missing": 0, "stand_in": 0}}))


def by(name: str, scores: Mapping[str, tuple[int, int]]) -> PeopleScores:
    return {key: {name: {"base": base, "tuned": tuned}} for key, (base, tuned) in scores.items()}


@pytest.fixture
def generous() -> tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]]:
    """A judge that gives the tuned model 3 more than people do, who find no difference on average."""
    rng = np.random.default_rng(5)
    people = [
        (int(base), int(base + gain))
        for base, gain in zip(rng.integers(3, 7, 200), rng.integers(-1, 2, 200), strict=True)
    ]
    scores = judged(*((base, tuned + 3) for base, tuned in people))
    sheet = draw_sample([record.id for record in scores.questions], {f"q{i}" for i in range(30)}, 60, seed=0)
    return scores, sheet, {f"q{i}": pair for i, pair in enumerate(people)}


def test_scores_of_chosen_questions_are_shown_and_change_no_mean() -> None:
    before = judged(*[(5, 9)] * 6, *[(5, 6)] * 10)
    after = with_people(before, by("Ann", {f"q{i}": (5, 2) for i in range(6)}))
    assert (after.verdict, after.metrics) == (before.verdict, before.metrics)
    assert after.questions[0].tuned == AnswerScores(measures={"correctness": 9}, people={"Ann": 2})
    assert after.people is not None
    assert (after.people.questions, after.people.answers, after.people.reviewers) == (6, 12, ("Ann",))
    assert "not drawn at random" in (after.people.undecided or "")
    assert Scores.model_validate_json(after.to_json()) == after


@pytest.mark.slow
def test_a_random_sample_corrects_a_judge_that_is_wrong(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    assert before.verdict.value == "better"
    given = by("Ann", {key: people[key] for key in sheet.first})
    after = with_people(before, given, [sheet])
    measure = after.metrics["correctness"]
    assert (measure.difference, measure.comparison) == (
        before.metrics["correctness"].difference,
        before.metrics["correctness"].comparison,
    )
    found = measure.corrected
    assert found is not None
    assert (found.method, found.labels, found.drawn, found.decides, found.sheet) == ("sample", 60, 60, True, sheet.name)
    truth = np.mean([tuned - base for base, tuned in people.values()])
    assert found.difference == pytest.approx(truth, abs=0.1)
    assert found.by_contestant["tuned"].mean == pytest.approx(np.mean([pair[1] for pair in people.values()]), abs=0.4)
    assert (found.by_contestant["tuned"].mean or 0) - (found.by_contestant["base"].mean or 0) == pytest.approx(
        found.difference
    )
    assert after.verdict.value == "undecided"
    assert "Correctness (judge, corrected with people's scores of 60 questions)" in after.verdict.sentence
    assert any("The judge alone: The tuned model is better" in note for note in after.verdict.notes)
    assert after.people is not None
    assert after.people.undecided is None
    rule = {"correctness": GateRule(better_than="base", at_least=7)}
    gates = [decide_gate(rule, GateComparisons.of(scores)) for scores in (before, after)]
    assert [gate.decision if gate else "" for gate in gates] == ["accepted", "rejected"]
    assert with_people(after, given, [sheet]) == after
    assert Scores.model_validate_json(after.to_json()) == after


@pytest.mark.slow
def test_more_scores_are_asked_for_only_where_they_can_make_the_interval_narrower(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    different = with_people(before, by("Ann", {key: people[key] for key in sheet.first}), [sheet])
    same = with_people(before, by("Ann", dict.fromkeys(sheet.first, (5, 5))), [sheet])
    assert [scores.verdict.value for scores in (different, same)] == ["undecided", "undecided"]
    asked = [any("make the interval narrower" in note for note in scores.verdict.notes) for scores in (different, same)]
    assert asked == [True, False]


def test_equal_scores_of_a_sample_show_only_what_the_sample_can(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, _ = generous
    after = with_people(before, by("Ann", dict.fromkeys(sheet.first, (7, 7))), [sheet])
    found = after.metrics["correctness"].corrected
    assert found is not None
    assert (found.comparison.n, found.comparison.labelled) == (200, 60)
    assert found.comparison.share_that_may_differ() == pytest.approx(1 - 0.025 ** (1 / 60))
    assert any("the same in each of 60 questions that people scored" in note for note in after.verdict.notes)
    # 6 % of the other questions may be lost by the whole range, 0.54: more than the margin.
    rule = {"correctness": GateRule.model_validate({"not_worse_by": {"than": "base", "margin": 0.3}})}
    gate = decide_gate(rule, GateComparisons.of(after))
    assert gate is not None
    assert gate.decision == "undecided"


@pytest.mark.slow
def test_few_scores_are_shown_and_do_not_decide(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    few = dict.fromkeys(list(sheet.first)[:29])
    after = with_people(before, by("Ann", {key: people[key] for key in few}), [sheet])
    found = after.metrics["correctness"].corrected
    assert found is not None
    assert (found.labels, found.decides) == (29, False)
    assert after.verdict == before.verdict
    assert after.people is not None
    assert "29 of the 60 questions that were drawn at random. At least 30 are needed" in (after.people.undecided or "")
    one = with_people(before, by("Ann", {key: people[key] for key in list(few)[:1]}), [sheet])
    assert one.metrics["correctness"].corrected is None
    assert one.people is not None
    assert "At least 30 are needed, of them two flagged and two other ones." in (one.people.undecided or "")
    unflagged = draw_sample([record.id for record in before.questions], set(), 60, seed=0)
    key = next(iter(unflagged.first))
    alone = with_people(before, by("Ann", {key: people[key]}), [unflagged])
    assert alone.people is not None
    assert "drawn at random. At least 30 are needed." in (alone.people.undecided or "")


def test_a_sample_of_other_questions_is_no_sample(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    other = draw_sample([*people, "another"], set(), 60, seed=0)
    after = with_people(before, by("Ann", {key: people[key] for key in sheet.first}), [other])
    assert after.metrics["correctness"].corrected is None


def test_a_sheet_that_is_half_done_says_so(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    after = with_people(before, by("Ann", {key: people[key] for key in list(sheet.first)[:45]}), [sheet])
    assert any("People did not score both answers of 15 of 60 questions" in note for note in after.verdict.notes)


def test_scores_of_all_questions_take_the_judges_place() -> None:
    before = judged(*[(5, 9)] * 8)
    after = with_people(before, by("Ann", {f"q{i}": (5, 2) for i in range(8)}))
    assert after.verdict.value == "worse"
    assert after.metrics["correctness"].tuned.mean == 9
    assert after.metrics["correctness"].decisive.tuned.mean == 2
    assert after.metrics["correctness"].decisive.label == "Correctness (people)"
    assert any(note.startswith("People scored all 8 questions") for note in after.verdict.notes)


def test_without_a_judge_scores_of_all_questions_are_the_measure() -> None:
    records = graded_records(*({"id": f"q{i}", "base": {}, "tuned": {}} for i in range(8)))
    unjudged = summarize(Graded(records, {}, {}))
    given = by("Ann", {f"q{i}": (3, 8) for i in range(8)})
    after = with_people(unjudged, given)
    assert (after.verdict.metric, after.verdict.value) == ("correctness", "better")
    assert after.questions[0].outcome == "win"
    assert after.metrics["correctness"].label == "Correctness (people)"
    assert "+5 Correctness (people) on average" in after.verdict.sentence
    assert with_people(after, given) == after
    some = with_people(unjudged, by("Ann", {"q0": (3, 8)}))
    assert "correctness" not in some.metrics


def test_without_a_judge_a_sample_is_estimated_by_itself() -> None:
    records = graded_records(*({"id": f"q{i}", "base": {}, "tuned": {}} for i in range(100)))
    unjudged = summarize(Graded(records, {}, {}))
    sheet = draw_sample([record.id for record in records], set(), 40, seed=0)
    after = with_people(unjudged, by("Ann", {key: (4, 6 + at % 3) for at, key in enumerate(sheet.first)}), [sheet])
    assert (after.verdict.metric, after.verdict.value) == ("correctness", "better")
    assert after.metrics["correctness"].label == "Correctness (people, 40 questions drawn at random)"
    assert after.metrics["correctness"].difference == pytest.approx(2.975)
    comparison = after.metrics["correctness"].comparison
    assert (comparison.n, comparison.labelled) == (40, 40)
    assert any(note.startswith("With 40 questions") for note in after.verdict.notes)
    assert "60 questions left out: people did not score them." in after.verdict.notes
    gate = decide_gate({"correctness": GateRule(better_than="base")}, GateComparisons.of(after))
    assert gate is not None
    assert gate.rules[0].numbers.questions == 40


def test_without_a_judge_too_few_scores_are_not_explained_by_one() -> None:
    records = graded_records(*({"id": f"q{i}", "base": {}, "tuned": {}} for i in range(100)))
    sheet = draw_sample([record.id for record in records], set(), 40, seed=0)
    given = by("Ann", {key: (4, 6 + at % 3) for at, key in enumerate(list(sheet.first)[:12])})
    people = with_people(summarize(Graded(records, {}, {})), given, [sheet]).people
    assert people is not None
    assert "rare large differences are likely not to be among them" in (people.undecided or "")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(7, 7)] * 8, "Every score that people gave is 7"),
        ([(1, 5), (3, 4)] * 4, "No score that people gave is above 5, and the scale is 1 to 10"),
        ([(1, 6), (3, 4)] * 4, None),
        ([(1, 6), (3, 4)] * 3, None),
        ([(5, 5)] * 4, None),  # too few to tell
    ],
)
def test_scores_that_look_like_those_of_another_scale_are_named(pairs: list[tuple[int, int]], said: str | None) -> None:
    given = by("people", {f"q{at}": pair for at, pair in enumerate(pairs)})
    people = with_people(judged(*((5, 5) for _ in range(8))), given).people
    assert people is not None
    told = list(people_caveats(people))
    assert told[0].startswith("People scored ")  # and not: People (people)
    of_some = any("to questions that are no random sample" in sentence for sentence in told)
    assert of_some is (len(pairs) == 6), "all or some of 8 questions"
    assert said is None or any(said in sentence for sentence in told)
    assert (people.unused_scale is None) is (said is None)


def test_several_people_count_by_their_mean_where_they_scored_both_answers() -> None:
    scores = judged((5, 5), (5, None), (None, None), (5, 5))
    given: PeopleScores = {
        "q0": {"Ann": {"base": 4, "tuned": 8}, "Ben": {"base": 6, "tuned": 7}, "Eve": {"tuned": 1}},
        "q1": {"Ann": {"base": 6, "tuned": 8}},
        "q3": {"Eve": {"tuned": 1}},
    }
    records = with_people(scores, given).questions
    assert [label_of(record) for record in records] == [
        {"base": 5, "tuned": 7.5},
        {"base": 6, "tuned": 1},
        {"base": 1, "tuned": 1},
        None,
    ]
    assert records[1].tuned == AnswerScores(failed=True, measures={"correctness": None})


@pytest.mark.slow
def test_agreement_is_that_of_the_sample_where_there_is_one(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    flagged = by("Ann", {f"q{i}": people[f"q{i}"] for i in range(20)})
    chosen = with_people(before, flagged).people
    assert chosen is not None
    assert chosen.judge_agreement is not None
    assert (chosen.judge_agreement.n, chosen.judge_agreement.of_sample) == (40, False)
    assert chosen.agreement is None
    given = joined(by("Ann", {key: people[key] for key in sheet.first}), by("Ben", {"q0": (1, 9)}))
    drawn = with_people(before, joined(flagged, given), [sheet]).people
    assert drawn is not None
    assert drawn.judge_agreement is not None
    assert (drawn.judge_agreement.n, drawn.judge_agreement.of_sample) == (120, True)
    assert drawn.judge_agreement.mean_difference == pytest.approx(1.5, abs=0.1)
    low, high = drawn.judge_agreement.kappa_interval or (0, 0)
    assert 0 < low < (drawn.judge_agreement.kappa or 0) < high < 1
    assert drawn.agreement is not None
    assert drawn.agreement.n == 2


def test_a_judge_that_favours_one_model_agrees_and_is_said_to_favour_it() -> None:
    """Kappa hardly shows a bias for one model, and the verdict is about the difference of both."""
    people = {f"q{i}": (1 + i % 7, 2 + i % 7) for i in range(40)}
    flagged = {f"q{i}" for i in range(8)}
    before = judged(*((base, tuned + (3 if key in flagged else 1)) for key, (base, tuned) in people.items()))
    sheet = draw_sample(list(people), flagged, 30, 0)
    found = with_people(before, by("Ann", {key: people[key] for key in sheet.first}), [sheet]).people
    assert found is not None
    assert found.judge_agreement is not None
    # 8 of 40 questions are flagged, whatever their share of the sample is.
    assert found.judge_agreement.mean_differences == pytest.approx({"base": 0, "tuned": (8 * 3 + 32) / 40})
    assert found.judge_agreement.mean_difference == pytest.approx(0.7)
    assert (found.judge_agreement.kappa or 0) > 0.8
    said = " ".join(people_caveats(found))
    assert "is +0.700 on average: +0.000 for the base model and +1.40 for the tuned model; the rank" in said


@pytest.mark.slow
def test_slices_that_people_do_not_correct_are_said_to_be_the_judges(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    """The verdict can be undecided, and every slice be better by a judge that favours the tuned model."""
    before, sheet, people = generous
    questions = tuple(each.model_copy(update={"fields": {"topic": "all"}}) for each in before.questions)
    sliced = before.model_copy(update={"questions": questions, "slices": (Slices(field="topic", values=1),)})

    def said(labels: int) -> str:
        given = by("Ann", {key: people[key] for key in list(sheet.first)[:labels]})
        found = with_people(sliced, given, [sheet])
        return slices_sentence(found.slices[0], "correctness", list(found.metrics.items()))

    assert said(60).endswith(
        "1 better ('all'). By the judge alone: people's scores correct the result of all questions only."
    )
    assert said(20).endswith("1 better ('all').")


def test_a_part_of_the_sample_says_what_to_score(
    generous: tuple[Scores, ReviewSheet, dict[str, tuple[int, int]]],
) -> None:
    before, sheet, people = generous
    flagged = {key: people[key] for key in sheet.strata[0].drawn}
    found = with_people(before, by("Ann", flagged), [sheet]).people
    assert found is not None
    assert (found.undecided or "").endswith(
        "drawn at random. At least 30 are needed, of them two flagged and two other ones."
    )


def test_of_several_answers_people_and_judge_are_compared_by_the_first() -> None:
    before = judged(*[(5, 9), (3, 7)] * 10)

    def with_a_second(record: QuestionScores) -> QuestionScores:
        """The judge gave the second answer of the tuned model the worst grade."""
        first = record.tuned
        second = AnswerScores(measures={"correctness": 1})
        mean = AnswerScores(
            measures={"correctness": ((first.measures["correctness"] or 0) + 1) / 2}, repeats=(first, second)
        )
        base = record.base.model_copy(update={"repeats": (record.base, record.base)})
        return record.model_copy(update={"by_contestant": {"base": base, "tuned": mean}})

    scores = before.model_copy(update={"questions": tuple(map(with_a_second, before.questions))})
    given = {f"q{i}": (5, 9) if i % 2 == 0 else (3, 7) for i in range(20)}
    people = with_people(scores, by("Ann", given)).people
    assert people is not None
    assert people.answers_each == 2
    assert people.judge_agreement is not None
    assert (people.judge_agreement.n, people.judge_agreement.mean_difference) == (40, 0)
    assert people.judge_agreement.kappa == pytest.approx(1)


def test_a_second_review_of_a_person_replaces_the_first_one() -> None:
    first, second = by("Ann", {"q0": (1, 2), "q1": (3, 4)}), by("Ann", {"q0": (5, 6)})
    assert joined(first, second) == by("Ann", {"q0": (5, 6), "q1": (3, 4)})
    assert joined(first, by("Ben", {"q0": (5, 6)}))["q0"] == {
        "Ann": {"base": 1, "tuned": 2},
        "Ben": {"base": 5, "tuned": 6},
    }


def test_scores_that_an_earlier_version_put_in_the_judges_place_are_taken_back() -> None:
    records = graded_records(
        {"id": "q0", "base": {"correctness": 5}, "tuned": {"correctness": 2, "judge_correctness": 9, "human": True}}
    )
    scores = Scores(verdict=Verdict(sentence=""), questions=records)
    after = with_people(scores, {"q0": {"people": {"tuned": 2}}})
    assert after.questions[0].tuned == AnswerScores(measures={"correctness": 9}, people={"people": 2})
    assert after.metrics["correctness"].tuned.mean == 9
