"""Cards, and the best earlier run."""

import json

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import RUN, artifacts
from tuner.reporting import Report, build, publish
from tuner.reporting.card import Card, card, cards
from tuner.run import Keys

SIBLING = "bedrock-faq-ba9876543210"


def other(report: Report, run_id: str, **changes: object) -> bytes:
    document = json.loads(card(report).model_dump_json()) | {"run_id": run_id} | changes
    return json.dumps(document).encode()


def test_the_best_earlier_run_is_compared_with(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    scores = json.loads(card(report).model_dump_json())["scores"]
    for at, mean in enumerate((3.0, 9.0, 5.0)):
        run = SIBLING[:-1] + str(at)
        better = scores | {"correctness": scores["correctness"] | {"tuned": mean}}
        folder.beside(run).write(Keys.REPORT_CARD, other(report, run, scores=better))
    earlier = build(folder).earlier
    assert earlier
    assert (earlier.run_id, earlier.scores["correctness"]) == (SIBLING[:-1] + "1", 9.0)


def test_a_run_asked_other_questions_does_not_compare(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    folder.beside(SIBLING).write(Keys.REPORT_CARD, other(report, SIBLING, questions_digest="0"))
    assert build(folder).earlier is None


def test_another_dataset_and_the_run_itself_do_not_compare(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    publish(folder, report)
    folder.beside("other-0123456789ab").write(Keys.REPORT_CARD, other(report, "other-0123456789ab"))
    assert build(folder).earlier is None


def test_cards_come_newest_first_and_only_of_runs_that_ended(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    publish(folder, report)
    folder.beside(SIBLING).write(Keys.REPORT_CARD, other(report, SIBLING, ended_at="2026-11-24T00:00:00Z"))
    folder.beside("running-0123456789ab").write(Keys.MANIFEST, b"{}")
    assert [entry.run_id for entry in cards(folder)] == [SIBLING, RUN]


def test_a_card_says_what_the_report_says(folder_of: FolderOf) -> None:
    report = build(folder_of(artifacts()), at=AT)
    made = card(report)
    assert Card.model_validate_json(made.model_dump_json()) == made
    assert (made.dataset, made.questions, made.verdict.value) == ("bedrock-faq", 8, "better")
    assert made.scores["correctness"].base == 2.0
