"""`tuner compare` and `tuner review`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, stored_json
from tests.unit.cli.fake_aws import Execution, FakeAws, Outcome
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.gate import Gate, GateEvent
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.score_run import REVIEW
from tuner.evaluation.scores import summarize
from tuner.settings import RunSettings

Tuner = Callable[..., Outcome]


def finished(aws: FakeAws, run: str, tuned: int, review: str = "", questions: int = 8, **settings: Any) -> None:
    """A run with the same scores for each question. The answers say who gave them."""
    manifest = Manifest(
        run_id=run, dataset="faq", execution_arn="arn", started_at="2026-11-23T07:00:00Z", data_bucket="tuner-data",
        inputs=(), settings=RunSettings.model_validate(settings), base_model="amazon.nova-micro-v1:0:128k",
        base_endpoint="x",
        base_model_name="Nova Micro", judge_model="x", hyperparameters={}, resource_name="x", versions={},
    )  # fmt: skip
    keys = [f"q{i}" for i in range(questions)]
    records = tuple(
        QuestionScores.model_validate({"id": key, "base": {"correctness": 5}, "tuned": {"correctness": tuned}})
        for key in keys
    )
    about = {"correctness": MetricFacts(model="m", name="Nova Pro")}
    scores = summarize(Graded(records, about, {"correctness": {"asked": 16, "missing": 0, "stand_in": 0}}))
    aws.add(Execution(run))
    aws.put(run, Keys.MANIFEST, manifest.model_dump_json())
    aws.put(run, Keys.SCORES, scores.to_document())
    asked = [{"id": key, "question": "?", "reference": "!"} for key in keys]
    aws.put(run, Keys.EVALUATION, "".join(json.dumps(record) + "\n" for record in asked))
    for name in MAIN:
        answers = [{"id": key, "answer": name} for key in keys]
        aws.put(run, Keys.answers(name, 0), "".join(json.dumps(record) + "\n" for record in answers))
    if review:
        aws.put(run, REVIEW, review)


def sheet(score: str = "") -> str:
    text = io.StringIO()
    csv.writer(text).writerows([["id", "why", "score_1", "score_2"], ["q0", "unsure", score, score]])
    return text.getvalue()


def test_compare_compares_runs_with_the_first(tuner: Tuner, aws: FakeAws) -> None:
    finished(aws, "faq-a", 5)
    finished(aws, "faq-b", 8)
    outcome = tuner("compare", "faq-a", "faq-b", "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["measure"] == "faq-a"
    assert outcome.json["runs"]["faq-b"]["verdict"]["value"] == "better"
    shown = tuner("compare", "faq-b", "faq-a")
    assert shown.out == ""
    assert "tuned model of faq-a is worse than the tuned model of faq-b" in " ".join(shown.err.split())


def test_compare_accepts_the_other_contestants_of_a_run(tuner: Tuner, aws: FakeAws) -> None:
    finished(aws, "faq-a", 5)
    finished(aws, "faq-b", 8)
    outcome = tuner("compare", "faq-a", "faq-b", "faq-b:base", "--json")
    assert outcome.status == 0, outcome.err
    assert list(outcome.json["runs"]) == ["faq-b", "faq-b:base"]
    better, equal = (each["metrics"]["correctness"] for each in outcome.json["runs"].values())
    assert (better["difference"], equal["difference"]) == (3, 0)
    assert better["comparison"]["p_corrected"] is not None
    absent = tuner("compare", "faq-a", "faq-b:retrieval")
    assert absent.status == 1
    assert "The run faq-b has no contestant 'retrieval'. It has: base, tuned." in " ".join(absent.err.split())


def test_compare_needs_two_runs_with_scores(tuner: Tuner, aws: FakeAws) -> None:
    finished(aws, "faq-a", 5)
    aws.add(Execution("faq-c"))
    assert "name at least two runs" in tuner("compare", "faq-a").err
    assert "'tuner runs --stack Other' lists" in " ".join(tuner("compare", "faq-a", "--stack", "Other").err.split())
    outcome = tuner("compare", "faq-a", "faq-c")
    assert outcome.status == 1
    assert "faq-c has no scores" in outcome.err


@pytest.mark.slow
def test_compare_writes_a_page_of_any_number_of_runs(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    for run, score in (("faq-a", 5), ("faq-b", 8), ("faq-c", 4)):
        finished(aws, run, score)
    page = tmp_path / "compared.html"
    outcome = tuner("compare", "faq-a", "faq-b", "faq-c", "--output", str(page))
    assert (outcome.status, outcome.out) == (0, "")
    assert f"The page is in {page}" in outcome.err.replace("\n", "")
    assert all(name in page.read_text("utf-8") for name in ("faq-a", "faq-b", "faq-c"))
    again = tuner("compare", "faq-a", "faq-b", "--output", str(page))
    assert (again.status, "Add --force" in again.err) == (2, True)
    assert "faq-c" in page.read_text("utf-8"), "nothing is replaced"
    assert tuner("compare", "faq-a", "faq-b", "--output", str(page), "--force").status == 0
    assert "faq-c" not in page.read_text("utf-8")
    assert tuner("compare", "faq-a", "faq-b", "--output", "-").out.startswith("<!doctype html>")
    both = tuner("compare", "faq-a", "faq-b", "--output", "-", "--json")
    assert (both.status, both.out) == (2, "")


@pytest.mark.slow
def test_a_review_is_exported_and_imported(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    finished(aws, "faq-a", 8, sheet())
    aws.put("faq-a", Keys.TRAINING, "")
    exported = tuner("review", "export", "faq-a", "--output", str(tmp_path / "review.csv"))
    assert "of 1 question in" in exported.err
    assert (tmp_path / "review.csv").read_bytes().decode() == sheet()
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish, published

    folder = RunFolder("tuner-artifacts", "faq-a")
    publish(folder, build(folder))
    (tmp_path / "review.csv").write_text(sheet("2"), "utf-8")
    outcome = tuner("review", "import", "faq-a", str(tmp_path / "review.csv"), "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["people"]["answers"] == 2
    assert stored_json(folder, Keys.SCORES)["questions"][0]["tuned"]["people"] == {"people": 2}
    report = published(folder)
    assert report is not None
    assert report.people is not None
    assert (report.people.answers, report.people.of_answers) == (2, 16)
    assert "not drawn at random" in outcome.err


def test_a_sheet_without_questions_is_not_exported(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    finished(aws, "faq-a", 8, sheet().splitlines(keepends=True)[0])
    for name in ("review.csv", "review.html"):
        outcome = tuner("review", "export", "faq-a", "--output", str(tmp_path / name))
        assert outcome.status == 1
        assert "To draw some at random: tuner review export faq-a --random 60" in outcome.err
        assert not (tmp_path / name).exists()


@pytest.mark.slow
def test_a_review_is_imported_from_standard_input(tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish

    finished(aws, "faq-a", 8, sheet())
    aws.put("faq-a", Keys.TRAINING, "")
    publish(RunFolder("tuner-artifacts", "faq-a"), build(RunFolder("tuner-artifacts", "faq-a")))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sheet("2").encode())))
    assert "People scored 2 of 16 answers." in tuner("review", "import", "faq-a", "-").err
    absent = tuner("review", "import", "faq-a", "absent.csv")
    assert (absent.status, "'absent.csv' does not exist" in absent.err) == (2, True)


@pytest.mark.slow
def test_a_random_sample_is_exported_scored_by_two_people_and_corrects_the_judge(
    tuner: Tuner, aws: FakeAws, tmp_path: Path
) -> None:
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish, published

    finished(aws, "faq-a", 8, sheet(), questions=100)
    aws.put("faq-a", Keys.TRAINING, "")
    folder = RunFolder("tuner-artifacts", "faq-a")
    publish(folder, build(folder))
    file = tmp_path / "review.csv"
    export = ("review", "export", "faq-a", "--random", "40", "--seed", "7", "--output", str(file), "--force")
    outcome = tuner(*export)
    assert outcome.status == 0, outcome.err
    first = file.read_bytes()
    tuner(*export)
    assert file.read_bytes() == first  # with the same secret order of the answers
    rows = list(csv.DictReader(io.StringIO(first.decode("utf-8-sig"))))
    assert len(rows) == 40
    # The fixture's answers say who gave them.
    for name, tuned in (("Ann", "2"), ("Ben", "4")):
        for at, row in enumerate(rows):
            base = "5" if at % 2 else "6"
            row |= {f"score_{at}": tuned if row[f"answer_{at}"] == "tuned" else base for at in (1, 2)}
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        file.write_text(text.getvalue(), "utf-8")
        outcome = tuner("review", "import", "faq-a", str(file), "--reviewer", name, "--json")
        assert outcome.status == 0, outcome.err
    assert outcome.json["people"]["reviewers"] == ["Ann", "Ben"]
    assert outcome.json["verdict"]["value"] == "worse"
    report = published(folder)
    assert report is not None
    corrected = report.scores["correctness"].corrected
    assert corrected is not None
    assert (corrected.labels, corrected.by_contestant["tuned"].mean, corrected.difference) == (40, 3, -2.5)
    assert report.scores["correctness"].difference == 3


def test_a_page_to_review_on_is_exported(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    finished(aws, "faq-a", 8, sheet(), questions=20)
    page = tmp_path / "review.html"
    outcome = tuner("review", "export", "faq-a", "--random", "12", "--output", str(page))
    assert outcome.status == 0, outcome.err
    assert page.read_text("utf-8").count('class="item"') == 12
    assert "tuner review import faq-a review.csv" in " ".join(outcome.err.split())
    flagged = tuner("review", "export", "faq-a", "--output", str(tmp_path / "flagged.html"))
    assert flagged.status == 1
    assert "No question is flagged" in flagged.err


@pytest.mark.slow
def test_an_invalid_review_changes_nothing(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish

    finished(aws, "faq-a", 8, sheet())
    folder = RunFolder("tuner-artifacts", "faq-a")
    publish(folder, build(folder))
    before = folder.read(Keys.SCORES)
    file = tmp_path / "review.csv"
    for data, words in (
        (sheet("2").replace("unsure", "Zweifel über").encode("latin-1"), "not in UTF-8"),
        (sheet("11").encode(), "line 2"),
    ):
        file.write_bytes(data)
        outcome = tuner("review", "import", "faq-a", str(file))
        assert outcome.status == 1
        assert words in outcome.err
    assert folder.read(Keys.SCORES) == before


@pytest.mark.slow
def test_human_scores_are_applied_to_the_gate(
    tuner: Tuner, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish, published

    tags: list[dict[str, str]] = []
    events: list[GateEvent] = []
    monkeypatch.setattr("tuner.aws.bedrock.control_plane.Bedrock.tag", lambda _, __, given: tags.append(given))
    monkeypatch.setattr("tuner.aws.event_bus.put_event", events.append)
    finished(aws, "faq-a", 8, sheet(), gate={"correctness": {"at_least": 7}})
    aws.put("faq-a", Keys.TRAINING, "")
    aws.put("faq-a", Keys.TRAINING_SUMMARY, {"custom_model_arn": "arn:model"})
    folder = RunFolder("tuner-artifacts", "faq-a")
    publish(folder, build(folder))
    rows = [["id", "why", "score_1", "score_2"], *([f"q{i}", "unsure", "3", "3"] for i in range(8))]
    with (tmp_path / "review.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    outcome = tuner("review", "import", "faq-a", str(tmp_path / "review.csv"))
    assert outcome.status == 0, outcome.err
    assert "Gate: Rejected: correctness is 3, not at least 7." in " ".join(outcome.err.split())
    assert tags == [{"bedrock-tuner:gate": "rejected"}]
    assert [event.people for event in events] == [True]
    report = published(folder)
    assert report is not None
    assert isinstance(report.gate, Gate)
    assert (report.gate.decision, report.gate.announced) == ("rejected", True)


@pytest.mark.slow
def test_the_reference_names_the_actions_of_compare_and_review(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    from tuner.cli.permissions import ACTIONS
    from tuner.reporting.collect.build import build
    from tuner.reporting.publish import publish

    file = str(tmp_path / "review.csv")
    for run in ("faq-a", "faq-b"):
        finished(aws, run, 8, sheet("3"), gate={"correctness": {"at_least": 7}})
        aws.put(run, Keys.TRAINING, "")
        aws.put(run, Keys.TRAINING_SUMMARY, {"custom_model_arn": CUSTOM_MODEL})
        publish(RunFolder("tuner-artifacts", run), build(RunFolder("tuner-artifacts", run)))
    commands: dict[str, list[tuple[str, ...]]] = {
        "compare": [("compare", "faq-a", "faq-b"), ("compare", "nope", "faq-b")],
        "review export": [
            ("review", "export", "faq-a", "--output", file),
            ("review", "export", "faq-a", "--random", "10", "--output", str(tmp_path / "sample.csv")),
            ("review", "export", "nope"),
        ],
        "review import": [("review", "import", "faq-a", file), ("review", "import", "nope", file)],
    }
    for command, calls in commands.items():
        aws.actions.clear()
        for call in calls:
            tuner(*call)
        named = {action for action in ACTIONS[command] if not action.startswith("kms:")}
        assert aws.actions - {"cloudformation:DescribeStacks"} == named, command
