"""The page of all runs."""

import json

import pytest

from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.page.test_page import HOSTILE, Tags
from tests.unit.reporting.sample import RUN, artifacts, guard_of
from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_index import RunIndex
from tuner.core.artifact_keys import Keys
from tuner.reporting import Failure, Report, build, publish
from tuner.reporting.collect.run_summary import run_summary
from tuner.reporting.page.runs_page import runs_page


def page_of(folder: RunFolder) -> str:
    """The page over all runs, as it stands in the bucket."""
    data: bytes = folder._s3.objects[Keys.OVERVIEW]
    return data.decode()


def later(made: RunSummary, day: int, **changes: object) -> RunSummary:
    return made.model_copy(update={"run_id": f"{RUN}-r{day}", "ended_at": f"2026-12-{day:02d}T08:00:00Z", **changes})


def test_every_run_is_listed_with_its_scores_and_a_link(report: Report) -> None:
    made = run_summary(report)
    failed = later(made, 2, status="FAILED", scores={}, verdict=made.verdict.model_copy(update={"value": None}))
    seen = Tags(runs_page([failed, made]))
    links = [attributes["href"] for tag, attributes in seen.tags if tag == "a"]
    assert f"{RUN}/report/index.html" in links
    assert f"{RUN}-r2/report/index.html" in links
    text = "".join(seen.text)
    for part in ("failed", "better", "6.12", "2.00", "Nova Micro"):
        assert part in text, part


def test_there_is_a_column_for_the_gate_when_a_run_has_one(report: Report) -> None:
    made = run_summary(report)
    assert made.gate == "accepted"
    assert "accepted" in "".join(Tags(runs_page([made, later(made, 2, gate=None)])).text)
    without = "".join(Tags(runs_page([later(made, 2, gate=None)])).text)
    assert "Gate" not in without


def test_there_is_a_column_for_the_guard_questions_when_a_run_asked_some(report: Report) -> None:
    made = run_summary(report.model_copy(update={"guard": guard_of(lost=True)}))
    assert made.guard == "worse"
    assert "Guard questions" not in runs_page([later(made, 2, guard=None)])
    both = runs_page([made, later(made, 2, guard=None)])
    assert both.count("Guard questions") == both.count('<span class="value worse">worse</span>') == 1


def test_a_dataset_has_a_chart_with_two_scored_runs(report: Report) -> None:
    made = run_summary(report)
    assert "<svg" not in runs_page([made])
    assert "history-tuned" in runs_page([later(made, 2), made])
    assert "<svg" not in runs_page([later(made, 2, dataset="other"), made])


def test_markup_in_the_data_is_escaped(report: Report) -> None:
    scores = {"correctness": run_summary(report).scores["correctness"].model_copy(update={"label": HOSTILE})}
    made = run_summary(report).model_copy(
        update={"dataset": HOSTILE, "base_model": HOSTILE, "scores": scores, "stand_ins": (HOSTILE,)}
    )
    seen = Tags(runs_page([later(made, 2), made]))
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert not [tag for tag, _ in seen.tags if tag == "img"]
    assert HOSTILE in "".join(seen.text)


def test_there_is_a_page_without_runs() -> None:
    assert "0 runs" in runs_page([])


def test_a_published_report_is_on_the_page(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    publish(folder, report)
    other = folder.sibling("other-0123456789ab")
    publish(other, build(other, Failure(error="DatasetError", message="no")))
    page = page_of(folder)
    assert RUN in page
    assert "other-0123456789ab" in page


def test_a_run_that_ends_meanwhile_is_on_the_page(
    folder_of: FolderOf, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run listed before this one's summary was there, and writes its page after this one's."""
    folder = folder_of(artifacts())
    write = RunIndex.write_page
    pages: list[bytes] = []

    def interrupted(self: RunIndex, page: bytes) -> None:
        if not pages:
            document = json.loads(run_summary(report).model_dump_json()) | {"run_id": "other-0123456789ab"}
            folder.sibling("other-0123456789ab").write(Keys.REPORT_CARD, json.dumps(document).encode())
        pages.append(page)
        write(self, page)

    monkeypatch.setattr(RunIndex, "write_page", interrupted)
    publish(folder, report)
    assert len(pages) == 2
    assert b"other-0123456789ab" in pages[-1]


def test_a_stand_in_is_marked_and_not_spelled_out_in_a_column(report: Report) -> None:
    name = "Nova Micro (local stand-in: SmolLM2-135M-Instruct)"
    summary = run_summary(report).model_copy(update={"base_model": name, "stand_ins": (name,)})
    html = runs_page([summary])
    assert f'<td title="{name}">Nova Micro <b class="bad">stand-in</b></td>' in html
