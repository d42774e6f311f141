"""Finding a run by its id or prefix, and runs whose executions Step Functions has deleted."""

from datetime import timedelta

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import BEGAN
from tests.unit.cli.samples import report
from tuner.artifacts.report import Report
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_summary import run_summary


class TestReferences:
    @pytest.fixture(autouse=True)
    def _runs(self, aws: FakeAws) -> None:
        for index, name in enumerate(("faq-aaa1", "faq-aaa1-r1", "faq-bbb2", "other-1")):
            aws.add(Execution(name, started=BEGAN + timedelta(hours=index)))

    @pytest.mark.parametrize(
        ("reference", "meant"),
        [("faq-aaa1", "faq-aaa1"), ("faq-b", "faq-bbb2"), ("o", "other-1"), ("latest", "other-1")],
    )
    def test_an_id_a_unique_prefix_or_latest(self, tuner: Tuner, reference: str, meant: str) -> None:
        assert tuner("show", reference, "--json").json["run_id"] == meant

    def test_an_ambiguous_prefix(self, tuner: Tuner) -> None:
        outcome = tuner("show", "faq-a")
        assert outcome.status == 1
        assert "2 runs begin with 'faq-a': faq-aaa1-r1, faq-aaa1. Type more of the id." in outcome.err

    def test_a_misspelt_id(self, tuner: Tuner) -> None:
        assert "Did you mean 'faq-bbb2'?" in tuner("show", "fqa-bbb2").err

    def test_an_unknown_run(self, tuner: Tuner) -> None:
        outcome = tuner("watch", "nothing:like/it")
        assert outcome.status == 1
        assert "'tuner runs' lists the runs" in outcome.err


class TestAfterNinetyDays:
    """Step Functions has deleted the execution; the run's folder still exists."""

    @pytest.fixture(autouse=True)
    def _forgotten(self, aws: FakeAws) -> None:
        written = Report.model_validate(
            report("old-1", started_at="2026-05-01T08:00:00Z", ended_at="2026-05-01T09:00:00Z", status="FAILED")
            | {"failure": {"error": "DatasetError", "message": "training.jsonl, line 3: no answer."}, "dataset": "old"}
        )
        aws.put("old-1", Keys.REPORT, written.model_dump_json())
        aws.put("old-1", Keys.REPORT_CARD, run_summary(written).model_dump_json())
        aws.put("unfinished-1", Keys.MANIFEST, "{}")
        aws.add(Execution("new-1"))

    def test_an_archived_run_is_listed_after_newer_runs(self, tuner: Tuner) -> None:
        found = tuner("runs", "--json").json
        assert [run["run_id"] for run in found] == ["new-1", "old-1"]
        assert (found[1]["status"], found[1]["dataset"], found[1]["took_seconds"]) == ("FAILED", "old", 3600)

    def test_an_archived_run_is_found_and_shown(self, tuner: Tuner) -> None:
        assert tuner("show", "old", "--json").json["run_id"] == "old-1"
        outcome = tuner("watch", "old")
        assert outcome.status == 1
        assert "DatasetError: training.jsonl, line 3: no answer." in outcome.err
