"""`tuner runs --page`: the page over all runs, and where its links lead."""

from pathlib import Path

import pytest

from tests.unit.cli.world import Execution, Tuner, World
from tuner.aws.s3.run_index import Overview
from tuner.core.artifact_keys import Keys


def published(world: World, *runs: str) -> None:
    Overview("tuner-artifacts", world.s3).write_page(b"<html>all")
    for run in runs:
        world.add(Execution(run))
        world.put(run, Keys.REPORT_PAGE, f"<html>{run}")


def test_the_page_comes_with_the_pages_that_it_links_to(tuner: Tuner, world: World, tmp_path: Path) -> None:
    published(world, "faq-1", "faq-2")
    world.add(Execution("faq-3", "RUNNING"))
    outcome = tuner("runs", "--page", "--no-open", "--output", str(tmp_path / "out"))
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "out" / "index.html").read_text() == "<html>all"
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.html"))
    assert found == ["faq-1/report/index.html", "faq-2/report/index.html", "index.html"]
    assert str(tmp_path / "out" / "index.html") in "".join(outcome.err.split("\n"))


def test_only_as_many_runs_as_asked_for_are_brought_home(tuner: Tuner, world: World, tmp_path: Path) -> None:
    published(world, "faq-1", "faq-2", "faq-3")
    tuner("runs", "--page", "--no-open", "--limit", "2", "--output", str(tmp_path))
    assert len(list(tmp_path.glob("faq-*/report/index.html"))) == 2


def test_the_page_is_opened(tuner: Tuner, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tuner.cli.commands.report.typer.launch", lambda address: opened.append(address) or 0)
    published(world, "faq-1")
    tuner("runs", "--page")
    assert opened == [(tmp_path / "reports" / "runs" / "index.html").as_uri()]


def test_before_the_first_run_is_over_there_is_none(tuner: Tuner, world: World) -> None:
    world.add(Execution("faq-1", "RUNNING"))
    outcome = tuner("runs", "--page")
    assert outcome.status == 1
    assert "when the first run ends" in outcome.err
