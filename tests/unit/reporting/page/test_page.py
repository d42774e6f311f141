"""The page: its content, the escaping of other people's text, and its content security policy."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import EARLIER, artifacts, guard_of
from tuner.artifacts.dataset import DatasetSummary, SourceFile
from tuner.artifacts.report import Answer, NamedModel
from tuner.artifacts.report.evaluation import ScoredAnswer
from tuner.artifacts.report.run_summary import RunStatus
from tuner.reporting import Failure, Report, build, notification_text, page
from tuner.reporting.formatting import number
from tuner.reporting.page.view import question_rows
from tuner.settings import InferenceSettings, RunSettings

_PARTS = (
    "bedrock-faq",
    "Nova Micro",
    "Claude Sonnet 4.6",
    "6.12",
    "0.526",
    "23 min 30 s",
    "$108.20",
    "learningRateWarmupSteps",
    "The same record as in line 3.",
    "What is an inference profile?",
    "1 training record speaks of agent",
    "4 training records speak of agent",
    "Ready with warnings: 1 warning.",
    "amazon bedrock is",
)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'</style></title>{{ 7*7 }}"


class Tags(HTMLParser):
    """The tags and attributes that a browser sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile(report: Report) -> Report:
    """With markup in every place that people and models fill."""
    first, *others = report.questions
    answer = Answer(answer=HOSTILE, reasoning=HOSTILE, scores={HOSTILE: 1.0}, stop_reason=HOSTILE)
    failed = Answer(answer=None, error=HOSTILE)
    question = first.model_copy(
        update={"question": HOSTILE, "reference": HOSTILE, "base": answer, "tuned": failed, "id": HOSTILE}
    )
    assert report.findings
    assert report.gate
    assert report.earlier
    finding = report.findings.findings[0].model_copy(update={"file": HOSTILE, "message": HOSTILE, "remedy": HOSTILE})
    finding = finding.model_copy(update={"rule": HOSTILE, "field": HOSTILE})
    found = report.findings.model_copy(update={"findings": (finding,), "counts": {HOSTILE: 1}})
    return report.model_copy(
        update={
            "dataset": HOSTILE,
            "questions": (question, *others),
            "failure": Failure(error=HOSTILE, message=HOSTILE),
            "stand_ins": (HOSTILE,),
            "verdict": report.verdict.model_copy(update={"sentence": HOSTILE, "notes": (HOSTILE,)}),
            "models": report.models.model_copy(update={"base": NamedModel(id=HOSTILE, name=HOSTILE, stand_in=True)}),
            "findings": found,
            "inputs": tuple(entry.model_copy(update={"key": HOSTILE}) for entry in report.inputs),
            "dataset_summary": _hostile_dataset(report),
            "settings": RunSettings(system_prompt=HOSTILE, inference=InferenceSettings(stop_sequences=(HOSTILE,))),
            "hyperparameters": {HOSTILE: HOSTILE},
            "gate": report.gate.model_copy(update={"sentence": HOSTILE}),
            "earlier": report.earlier.model_copy(update={"run_id": HOSTILE}),
            "scores": {HOSTILE: report.scores["correctness"].model_copy(update={"label": HOSTILE})},
        }
    )


def _hostile_dataset(report: Report) -> DatasetSummary:
    """With markup in what the study and its verdict quote."""
    assert report.dataset_summary
    text = report.dataset_summary.model_dump_json()
    for harmless in ('"agent"', '"amazon bedrock is"', '"en"'):
        text = text.replace(harmless, json.dumps(HOSTILE))
    for harmless in ("Keep one of the two.", "Ready with warnings"):
        text = text.replace(harmless, json.dumps(HOSTILE)[1:-1])
    summary = DatasetSummary.model_validate_json(text)
    files = [file.model_copy(update={"fields": {"prompt": HOSTILE}, "left_out": (HOSTILE,)}) for file in summary.files]
    return summary.model_copy(update={"files": tuple(files)})


def test_the_fields_of_each_file_are_shown(report: Report) -> None:
    file = SourceFile(
        role="training", key="training.csv", fields={"prompt": "Frage", "context": "Text"}, left_out=("id",)
    )
    assert report.dataset_summary
    summary = report.dataset_summary.model_copy(update={"files": (file,)})
    seen = " ".join("".join(Tags(page(report.model_copy(update={"dataset_summary": summary}))).text).split())
    assert "training.csvprompt from “Frage”, context from “Text”id0" in seen


def test_markup_in_the_data_is_escaped(report: Report) -> None:
    seen = Tags(page(hostile(report)))
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert not [tag for tag, _ in seen.tags if tag == "img"]
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert HOSTILE in "".join(seen.text)
    assert "49" not in "".join(text for text in seen.text if "alert" in text)


def test_findings_are_counted_by_rule(report: Report) -> None:
    seen = " ".join("".join(Tags(page(report)).text).split())
    assert "RuleFindingsFirst findings repeated1training.jsonl, line 12: The same record as in line 3." in seen


def test_the_page_loads_nothing_and_the_policy_allows_its_own_style_and_script(report: Report) -> None:
    text = page(report)
    for tag, attributes in Tags(text).tags:
        assert "src" not in attributes, tag
        assert "style" not in attributes, tag
        if "href" in attributes:
            assert (attributes["href"] or "").startswith(("#", "data:,")), tag
    policy = next(attributes["content"] for tag, attributes in Tags(text).tags if "http-equiv" in attributes)
    assert policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert len(re.findall("<style", text)) == 1


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_a_report_without_artifacts_has_a_page(folder_of: FolderOf, status: RunStatus) -> None:
    text = page(build(folder_of({}), Failure(error="QuotaError", message="Ask for more units."), status, at=AT))
    assert "Ask for more units." in text
    assert "QuotaError" in text


def test_the_page_has_every_part_of_a_successful_run(report: Report) -> None:
    text = "".join(Tags(page(report)).text)
    for part in _PARTS:
        assert part in text, part


def test_a_very_long_answer_is_folded_and_complete(report: Report) -> None:
    long = "word " * 20_000 + "the end"
    question = report.questions[0].model_copy(update={"tuned": Answer(answer=long)})
    text = page(report.model_copy(update={"questions": (question,)}))
    assert long in text
    assert '<details class="long">' in text
    assert "100,007 characters" in text


def test_stand_ins_come_before_the_scores(report: Report) -> None:
    text = page(report.model_copy(update={"stand_ins": ("judge: a stand-in",)}))
    assert text.index("judge: a stand-in") < text.index('id="scores"')


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert page(report) == page(report)


def test_the_best_earlier_run_has_its_mean_its_difference_and_its_interval(report: Report) -> None:
    text = page(report)
    [row] = re.findall(r"<tr class=deciding>.*?</tr>", text, re.DOTALL)
    assert report.earlier
    earlier = report.earlier.metrics["correctness"]
    assert (report.earlier.run_id, earlier.base.mean) == (EARLIER, 4.5)
    seen = "".join(Tags(row).text)
    for part in ("4.50", "+1.62", "against the best earlier run"):
        assert part in seen, part
    assert row.count('class="whisker"') == 2
    alone = page(report.model_copy(update={"earlier": None}))
    assert "earlier" not in "".join(Tags(alone.partition("</style>")[2]).text)
    assert re.findall(r"<tr class=deciding>.*?</tr>", alone, re.DOTALL)[0].count('class="whisker"') == 1


def test_the_page_shows_the_gate_and_the_tag_that_it_set(report: Report) -> None:
    text = "".join(Tags(page(report)).text)
    assert "Accepted: correctness is 6.12, at least 6" in text
    assert "carries the tag bedrock-tuner:gate=accepted, and an event was sent to EventBridge." in text
    assert report.gate
    kept = report.model_copy(
        update={"gate": report.gate.model_copy(update={"decision": "rejected", "tag": "accepted"})}
    )
    assert "gate=accepted, because another run of the same training accepted it, and" in "".join(Tags(page(kept)).text)
    silent = report.model_copy(update={"gate": report.gate.model_copy(update={"announced": False})})
    assert "carries the tag" not in page(silent)


def test_control_characters_and_direction_overrides_are_replaced(report: Report) -> None:
    tuned = report.questions[0].tuned
    assert tuned
    answer = tuned.model_copy(update={"answer": "one\r\ntwo \u202egnp.exe a\x00b"})
    question = report.questions[0].model_copy(update={"tuned": answer, "question": "\u2066turned\x1b[31m"})
    html = page(report.model_copy(update={"questions": (question,)}))
    assert not set(html) & set("\r\x00\x1b\u202e\u2066")
    assert "\ufffdturned\ufffd[31m" in html
    assert "\ufffdgnp.exe" in re.sub("</?mark>", "", html)


def test_missing_answers_and_missing_scores_are_counted_separately(report: Report) -> None:
    measure = report.scores["correctness"]
    tuned = measure.tuned.model_copy(update={"missing": 3, "failed": 1})
    changed = measure.model_copy(update={"by_contestant": {"base": measure.base, "tuned": tuned}})
    html = page(report.model_copy(update={"scores": {"correctness": changed}}))
    assert "1 answer not given; 2 answers without a score" in html


def test_the_page_has_the_statistics(report: Report) -> None:
    text = " ".join(Tags(page(report)).text)
    assert "6.12 ± 1.04" in text
    measure = report.scores["correctness"].comparison
    # One method gives both: the sign test, with p = 0.125 here, would contradict the interval.
    assert measure.interval is not None
    assert measure.p is not None
    assert measure.interval[0] > 0
    assert measure.p < 0.05 < 0.125 == measure.sign_test_p
    assert number(measure.p) in text
    assert "0.125" not in text


def test_an_undecided_verdict_is_a_whole_sentence(report: Report) -> None:
    sentence = "Undecided: +0.1 ROUGE-L on average, so it may be chance."
    html = page(report.model_copy(update={"verdict": report.verdict.model_copy(update={"sentence": sentence})}))
    text = " ".join("".join(Tags(html).text).split())
    assert "It is undecided whether the tuned model is better. +0.1 ROUGE-L on average, so it may be chance." in text


def test_a_score_by_a_person_is_shown_with_the_grade_of_the_judge(report: Report) -> None:
    graded = report.questions[0].tuned
    assert graded
    tuned = graded.model_copy(update={"human": True, "judge_correctness": 3})
    question = report.questions[0].model_copy(update={"tuned": tuned})
    assert "Scored by a person; the judge gave 3." in page(report.model_copy(update={"questions": (question,)}))


@pytest.mark.slow
def test_losses_and_questions_for_review_are_printed_first(folder_of: FolderOf) -> None:
    report = build(folder_of(artifacts(60)), at=AT)
    rows = question_rows(report)
    printed = [row.question for row in rows if row.printed]
    lost = [question for question in report.questions if question.outcome == "loss"]
    assert len(printed) == 16
    assert all(question in printed for question in lost)
    assert report.questions[1].review
    assert report.questions[1] in printed
    assert "44 questions of 60 not printed" in page(report)


def test_all_questions_of_a_short_report_are_printed(report: Report) -> None:
    assert all(row.printed for row in question_rows(report))
    assert "not printed" not in page(report)


def test_what_was_lost_comes_first_with_its_questions(report: Report) -> None:
    assert "Forgetting and harm" not in page(report)
    written = page(report.model_copy(update={"guard": guard_of(lost=True)}))
    text = "".join(Tags(written).text)
    assert "Guard questions. The tuned model lost general knowledge" in text[: text.index("Guard questions ask for")]
    section = text[text.index("Guard questions ask for") :]
    assert section.index("lost general knowledge: it passed 0 of 14") < section.index("Undecided for")
    assert "14 questions that only the base model passed" in section
    assert "Refusing harmful requests" in section


def test_the_report_says_how_often_each_question_was_asked(report: Report) -> None:
    assert "on 8 questions, graded" in "".join(Tags(page(report)).text)
    several = report.model_copy(update={"scoring": report.scoring.model_copy(update={"samples": 3})})
    further = (ScoredAnswer(answer="A second answer."), ScoredAnswer(error="ThrottledError: slow"))
    questions = tuple(
        question.model_copy(update={"tuned": Answer(answer="One.", further=further)}) for question in report.questions
    )
    some = several.model_copy(update={"questions": (*questions[:-1], report.questions[-1])})
    several = several.model_copy(update={"questions": questions})
    assert "on 8 questions, 3 answers each, graded" in "".join(Tags(page(several)).text)
    assert "Over 8 questions, 3 answers each:" in notification_text(several)
    assert "Over 8 questions, 1 to 3 answers each:" in notification_text(some)
    assert "2 further answersA second answer.No answer: ThrottledError: slow" in "".join(Tags(page(several)).text)


def test_questions_that_nobody_was_asked_are_not_shown(report: Report) -> None:
    unasked = tuple(question.model_copy(update={"base": None, "tuned": None}) for question in report.questions)
    html = page(report.model_copy(update={"questions": unasked, "scores": {}}))
    assert 'id="questions"' not in html
    assert 'href="#questions"' not in html
    assert "before and after fine-tuning" not in html
    assert 'id="questions"' in page(report)
    assert "before and after fine-tuning" in page(report)


def test_commands_for_a_run_on_the_local_cloud_name_it(report: Report) -> None:
    base = report.models.base
    assert base is not None
    models = report.models.model_copy(update={"base": base.model_copy(update={"stand_in": True})})
    failure = Failure(error="DatasetError", message="training.jsonl, line 3: not JSON.")
    html = page(report.model_copy(update={"models": models, "failure": failure, "status": "FAILED"}))
    assert f"<code>tuner watch {report.run_id} --local</code>" in html
    assert f"<code>tuner review export {report.run_id} --local</code>" in html
