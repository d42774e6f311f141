"""Prints what an evaluation shows: contestants, verdict with its caveats, slices, people's scores and the gate."""

from __future__ import annotations

from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.terminal.console import console, say
from tuner.cli.terminal.score_table import contestant_table, pair_table

_VERDICTS = {"better": "good", "worse": "bad"}
_GATES = {"accepted": "good", "rejected": "bad"}


def show_contestants(scores: Scores) -> None:
    """Prints the tuned model compared with each contestant by the measure that decides, if there are others."""
    decides = scores.metrics.get(scores.verdict.metric or "")
    if decides and decides.compared:
        say("")
        console().print(contestant_table(decides))
        say(
            "Each interval is for its comparison alone. Holm's p counts all comparisons of the table: below 0.05, it "
            "shows a difference.",
            "quiet",
        )
    if decides and decides.pairs:
        say("")
        console().print(pair_table(decides))


def show_people(people: HumanScores) -> None:
    """Prints how many answers people scored, why their scores correct nothing yet, and how far they agree."""
    from tuner.reporting.collect.caveats import people_caveats

    for sentence in people_caveats(people):
        say(sentence, "warn" if sentence == people.undecided else "quiet")


def conclude(scores: Scores) -> None:
    """Prints the verdict, its caveats, a sentence on the slices, and the number of questions to review."""
    from tuner.reporting.collect.caveats import answers_in_words, bias_caveats, repeats_caveats, unusable_judgments
    from tuner.reporting.page.slices_table import slices_sentence

    verdict = scores.verdict
    say("")
    say(verdict.sentence, _VERDICTS.get(verdict.value or "", ""))
    for note in verdict.notes:
        say(note, "quiet")
    each = answers_in_words((len(record.single_answers) for record in scores.questions), scores.samples)
    repeated = repeats_caveats(scores.metrics.get(verdict.metric or ""), each)
    judged = unusable_judgments(scores.judge) if scores.judge else ()
    for note in (*repeated, *judged, *bias_caveats(scores.metrics, scores.preference)):
        say(note, "quiet")
    if scores.groups:
        say(scores.groups.sentence, "quiet")
    for found in scores.slices:
        say(slices_sentence(found, verdict.metric, list(scores.metrics.items())), "quiet")
    if scores.people:
        show_people(scores.people)
    if gate := scores.gate:
        say(f"Gate: {gate.sentence}", _GATES.get(gate.decision, ""))
    if scores.judge and scores.judge.stand_in:
        say(f"Stand-in: the judge is {scores.judge.name}.", "warn")
    if scores.review:
        say(f"A person should review {len(scores.review)} of {len(scores.questions)} questions.", "warn")
