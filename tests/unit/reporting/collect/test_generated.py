"""Generated validation data in the report, with the passage that each pair comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.reporting import Failure, Report, build, page

HOSTILE = "<script>alert(1)</script>"
PAIR = {
    "question": "What is a model unit?",
    "answer": f"A measure of capacity {HOSTILE}.",
    "document": "serving.html",
    "place": "part 2 of 3",
    "passage": "A model unit is the measure in which capacity is bought.",
}


def summary(**more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "complete": True,
        "asked": 1,
        "model": "us.anthropic.claude-sonnet-4-6",
        "name": "sentence extractor",
        "stand_in": True,
        "pairs": 1,
        "calls": 2,
        "input_tokens": 4321,
        "output_tokens": 210,
        "dropped": {"its passage is not in the document word for word.": 3},
        "documents": [
            {"name": "serving.html", "parts": 3, "pairs": 1, "unusable": None},
            {"name": "scan.pdf", "parts": 0, "pairs": 0, "unusable": "scan.pdf has no text, only pictures of pages."},
        ],
        **more,
    }


def report_of(folder_of: FolderOf, written: dict[str, Any], *pairs: dict[str, str], **more: Any) -> Report:
    files = {Keys.GENERATED_SUMMARY: json.dumps(written).encode()}
    if pairs:
        files[Keys.GENERATED] = "".join(json.dumps(each) + "\n" for each in pairs).encode()
    return build(folder_of({**artifacts(), **files}), at=AT, **more)


def test_the_report_and_its_page_show_the_passage_of_each_pair(folder_of: FolderOf) -> None:
    report = report_of(folder_of, summary(), PAIR)
    assert report.generated and report.models.generator
    assert [origin.model_dump() for origin in report.generated.origins] == [{**PAIR, "role": "validation"}]
    assert report.models.generator.stand_in
    assert any(each.startswith("generated data: sentence extractor, a stand-in for") for each in report.stand_ins)
    text = page(report)
    for shown in (
        "Validation data from documents",
        "serving.html, part 2 of 3",
        PAIR["passage"],
        "4,321 tokens read and 210 written",
        "3 because its passage is not in the document word for word",
        "scan.pdf has no text, only pictures of pages.",
    ):
        assert shown in text, shown
    assert HOSTILE not in text
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_the_report_says_why_nothing_was_generated(folder_of: FolderOf) -> None:
    left_out = {"schema_version": 1, "complete": True, "pairs": 0, "left_out": "The training data has errors."}
    report = report_of(folder_of, left_out)
    assert report.models.generator is None
    assert "The training data has errors." in page(report)


def test_too_few_pairs_are_shown_in_the_report_of_the_failure(folder_of: FolderOf) -> None:
    short = summary(complete=False, asked=9)
    report = report_of(folder_of, short, failure=Failure(error="GenerationError", message="1 of 9"))
    assert "wrote 1 of 9 question-answer pairs" in page(report)


def test_a_run_without_documents_has_no_generated_data(folder_of: FolderOf) -> None:
    report = build(folder_of(artifacts()), at=AT)
    assert report.generated is None
    assert "Validation data from documents" not in page(report)


def test_a_pair_of_another_form_is_named_with_its_line(folder_of: FolderOf) -> None:
    with pytest.raises(ArtifactError, match=r"generated/validation\.jsonl, line 1: answer"):
        report_of(folder_of, summary(), {"question": "alone"})


def test_documents_alone_are_reported_set_by_set(folder_of: FolderOf) -> None:
    sets = [
        {"role": "training", "parts": 7, "asked": 28, "pairs": 25, "repeats": 2},
        {"role": "evaluation", "parts": 1, "asked": 4, "pairs": 4},
    ]
    written = {**artifacts(), Keys.GENERATED_SUMMARY: json.dumps(summary(complete=False, sets=sets)).encode()}
    for key in (Keys.GENERATED_TRAINING, Keys.GENERATED_EVALUATION):
        written[key] = (json.dumps(PAIR) + "\n").encode()
    report = build(folder_of(written), at=AT)
    assert report.generated
    assert [origin.role for origin in report.generated.origins] == ["training", "evaluation"]
    assert report.generated.sentence == (
        "From the documents: 25 of 28 training questions, 4 of 4 evaluation questions, each set from other parts of "
        "them. The run goes on with fewer than it asked for. 2 pairs were left out because of repeating a question of "
        "another set."
    )
    text = page(report)
    assert "Data from documents" in text
    assert "the run went on with fewer pairs than asked for" in text
    assert '<th scope="row">training</th><td class="num">7</td><td class="num">28</td><td class="num">25</td>' in text
