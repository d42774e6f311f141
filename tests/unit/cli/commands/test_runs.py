"""`tuner runs` and `tuner show`."""

from datetime import datetime, timedelta

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import BEGAN, TO_TRAINING, History
from tests.unit.cli.samples import ESTIMATE, failed, report, throughput
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.report import Report
from tuner.core.artifact_keys import Keys
from tuner.core.run import run_id


class TestRunsAndShow:
    def test_runs_as_json_is_a_list_newest_first(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(failed("old-1"), Execution("new-1", started=BEGAN + timedelta(days=1)))
        found = tuner("runs", "--json").json
        assert [(run["run_id"], run["status"]) for run in found] == [("new-1", "SUCCEEDED"), ("old-1", "FAILED")]
        assert found[0]["took_seconds"] == 180
        assert datetime.fromisoformat(found[1]["started_at"]) == BEGAN

    def test_no_runs_is_an_empty_list(self, tuner: Tuner) -> None:
        assert tuner("runs", "--json").json == []
        assert "There are no runs yet" in tuner("runs").err

    def test_the_table_fits_80_columns_and_leaves_stdout_empty(self, tuner: Tuner, aws: FakeAws) -> None:
        longest = run_id("a dataset with quite a long name, and more of it", [], repeat=12)
        aws.add(Execution(longest, dataset="a dataset with quite a long name, and more of it"))
        outcome = tuner("runs")
        assert outcome.out == ""
        assert longest in outcome.err
        assert all(len(line) <= 80 for line in outcome.err.splitlines())

    def test_show_prints_the_report_and_the_live_throughput(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        written = report("faq-1")
        aws.put("faq-1", Keys.REPORT, written)
        read = Report.model_validate(written).to_document()
        assert tuner("show", "faq-1", "--json").json == {**read, "live_throughput": []}

    def test_show_prints_the_progress_of_a_run_without_a_report(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.put("faq-1", Keys.ESTIMATE, ESTIMATE)
        aws.throughputs = [throughput("faq-1")]
        outcome = tuner("show", "faq-1", "--json")
        assert outcome.status == 0
        assert outcome.json["status"] == "RUNNING"
        assert outcome.json["estimate"] == Estimate.model_validate(ESTIMATE).to_document()
        assert {"name": "Pin the inputs", "state": "done"}.items() <= outcome.json["steps"][0].items()
        assert outcome.json["live_throughput"][0]["status"] == "InService"

    def test_unknown_members_of_a_report_are_ignored(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", from_the_future={"a": 1}))
        assert "The tuned model is better." in tuner("show", "faq-1").err

    def test_the_gate_decision_is_shown(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        gate = {"decision": "rejected", "sentence": "Rejected: correctness is 5, not at least 6."}
        aws.put("faq-1", Keys.REPORT, report("faq-1", gate=gate))
        assert "Gate: Rejected: correctness is 5, not at least 6." in tuner("show", "faq-1").err

    def test_a_report_of_another_form_is_an_error(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", scores=3))
        outcome = tuner("show", "faq-1")
        assert outcome.status == 1
        assert "report.json: scores: Input should be an object" in " ".join(outcome.err.split())
        assert "tuner report faq-1" in outcome.err
        assert "report.json: scores: Input should be an object" in " ".join(
            tuner("show", "faq-1", "--json").err.split()
        )
