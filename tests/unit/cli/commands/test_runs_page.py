"""`tuner runs --page`: the page over all runs, and the pages that it links to."""

from pathlib import Path

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tuner.aws.s3.run_index import RunIndex
from tuner.core.artifact_keys import Keys


def published(aws: FakeAws, *runs: str) -> None:
    RunIndex("tuner-artifacts", aws.s3).write_page(b"<html>all")
    for run in runs:
        aws.add(Execution(run))
        aws.put(run, Keys.REPORT_PAGE, f"<html>{run}")


def test_the_page_is_downloaded_with_the_pages_it_links_to(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    published(aws, "faq-1", "faq-2")
    aws.add(Execution("faq-3", "RUNNING"))
    outcome = tuner("runs", "--page", "--no-open", "--output", str(tmp_path / "out"))
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "out" / "index.html").read_text() == "<html>all"
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.html"))
    assert found == ["faq-1/report/index.html", "faq-2/report/index.html", "index.html"]
    assert str(tmp_path / "out" / "index.html") in "".join(outcome.err.split("\n"))


def test_only_the_requested_number_of_runs_is_downloaded(tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
    published(aws, "faq-1", "faq-2", "faq-3")
    tuner("runs", "--page", "--no-open", "--limit", "2", "--output", str(tmp_path))
    assert len(list(tmp_path.glob("faq-*/report/index.html"))) == 2


def test_the_page_is_opened(tuner: Tuner, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tuner.cli.commands.report.typer.launch", lambda address: opened.append(address) or 0)
    published(aws, "faq-1")
    tuner("runs", "--page")
    assert opened == [(tmp_path / "reports" / "runs" / "index.html").as_uri()]


def test_there_is_no_page_before_the_first_run_ends(tuner: Tuner, aws: FakeAws) -> None:
    aws.add(Execution("faq-1", "RUNNING"))
    outcome = tuner("runs", "--page")
    assert outcome.status == 1
    assert "when the first run ends" in outcome.err
