"""`tuner report`."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import History
from tests.unit.cli.samples import report
from tuner.core.artifact_keys import Keys


class TestReport:
    def test_downloads_everything_of_the_report(self, tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1"))
        aws.put("faq-1", Keys.REPORT_PAGE, "<html>")
        outcome = tuner("report", "faq-1", "--no-open", "--output", str(tmp_path / "out"))
        assert outcome.status == 0
        assert (tmp_path / "out" / "index.html").read_text() == "<html>"
        assert json.loads((tmp_path / "out" / "report.json").read_text())["run_id"] == "faq-1"
        assert str(tmp_path / "out" / "index.html") in outcome.err

    def test_opens_the_page_in_the_default_folder(
        self, tuner: Tuner, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tuner.cli.commands.report.typer.launch", lambda address: opened.append(address) or 0)
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT_PAGE, "<html>")
        tuner("report", "faq-1")
        assert opened == [(tmp_path / "reports" / "faq-1" / "index.html").as_uri()]

    def test_a_run_without_a_report(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in("Pin the inputs")))
        outcome = tuner("report", "faq-1")
        assert outcome.status == 1
        assert "it is written when the run ends" in outcome.err

    def test_an_object_name_cannot_leave_the_target_folder(self, tuner: Tuner, aws: FakeAws, tmp_path: Path) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT_PAGE, "<html>")
        aws.put("faq-1", "report/../../evil", "x")
        outcome = tuner("report", "faq-1", "--no-open", "--output", str(tmp_path / "a" / "b"))
        assert outcome.status == 1
        assert not (tmp_path / "evil").exists()
