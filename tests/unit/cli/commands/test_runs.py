"""`tuner runs` and `tuner show`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import BEGAN, TO_TRAINING, History
from tests.unit.cli.samples import ESTIMATE, REQUEST, failed, report, throughput
from tests.unit.reporting.sample import guard_of
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.report import Report
from tuner.aws.clients import client
from tuner.aws.dynamodb.queue_state import WaitingRun
from tuner.aws.dynamodb.run_queue_table import PlacesTable
from tuner.cli.progress import queue_position
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError
from tuner.core.run import run_id
from tuner.core.strict_model import Json
from tuner.core.times import now
from tuner.reporting.collect.run_summary import run_summary


def summary(run: str, **fields: Any) -> Mapping[str, Json]:
    return run_summary(Report.model_validate(report(run, **fields))).to_document()


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
        assert {"name": "Pin the inputs", "state": "done"}.items() <= outcome.json["steps"][1].items()
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

    @pytest.mark.parametrize("lost", [True, False])
    def test_what_the_guard_questions_found_is_shown(self, tuner: Tuner, aws: FakeAws, *, lost: bool) -> None:
        aws.add(Execution("faq-1"))
        guard = guard_of(lost=lost)
        aws.put("faq-1", Keys.REPORT, report("faq-1", guard=guard.to_document()))
        found = " ".join(tuner("show", "faq-1").err.split())
        assert ("Guard questions: The tuned model lost general knowledge: it passed 0 of 14" in found) is lost
        # Where nothing was found, all questions together are shown: somebody paid for them.
        assert f"Guard questions: {guard.findings[0].sentence}" in found

    def test_the_agreement_of_judge_and_people_is_shown(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        agreement = {"n": 60, "kappa": 0.41, "kappa_interval": [0.2, 0.6], "of_sample": True}
        people = {"questions": 30, "answers": 60, "of_answers": 96, "judge_agreement": agreement}
        aws.put("faq-1", Keys.REPORT, report("faq-1", people=people))
        found = " ".join(tuner("show", "faq-1").err.split())
        assert "People scored 60 of 96 answers." in found
        assert "is 0.410 (95 % interval 0.200 to 0.600): moderate agreement" in found

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

    @pytest.mark.slow
    def test_runs_shows_verdict_gate_cost_and_who_waits(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"), failed("faq-2", started=BEGAN + timedelta(hours=1)))
        aws.add(Execution("faq-3", "RUNNING", started=BEGAN + timedelta(hours=2)))
        aws.add(Execution("faq-4", "RUNNING", started=BEGAN + timedelta(hours=3)))
        gate = {"decision": "rejected", "sentence": "Rejected: correctness is 5, not at least 6."}
        aws.put("faq-1", Keys.REPORT_CARD, summary("faq-1", gate=gate, guard=guard_of(lost=True).to_document()))
        aws.put("faq-3", "approval/request.json", REQUEST)
        found = {run["run_id"]: run for run in tuner("runs", "--json").json}
        one = found["faq-1"]
        assert (one["verdict"], one["gate"], one["cost_usd"], one["unknown_prices"]) == ("better", "rejected", 12.0, 1)
        assert {name: run["waits_for_approval"] for name, run in found.items()} == {
            "faq-1": False,
            "faq-2": False,
            "faq-3": True,
            "faq-4": False,
        }
        assert one["guard"] == "worse"
        assert [found["faq-2"][member] for member in ("gate", "guard", "cost_usd")] == [None, None, None]
        shown = [line.split() for line in tuner("runs").err.splitlines()]
        assert ["succeeded", "better", "rejected", "$12.00+", "3", "min"] in [line[:6] for line in shown]
        names = [line[0] for line in shown[2:10:2]]
        states = {name: " ".join(line) for name, line in zip(names, shown[3:10:2], strict=True)}
        assert list(states) == ["faq-4", "faq-3", "faq-2", "faq-1"]
        assert states["faq-3"].startswith("waits for approval – –")
        assert states["faq-2"].startswith("failed – – –")

    @pytest.mark.parametrize(("most", "shown"), [(12.0, "$12.00+"), (12.341, "≤$12.35+"), (None, "$12.00+")])
    def test_the_cost_of_a_run_is_at_most_what_the_ledger_counts(
        self, tuner: Tuner, aws: FakeAws, most: float | None, shown: str
    ) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT_CARD, {**summary("faq-1"), "cost_at_most_usd": most})
        assert tuner("runs", "--json").json[0]["cost_at_most_usd"] == most
        assert shown in tuner("runs").err.split()

    def test_an_answered_approval_is_no_longer_waited_for(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING"))
        aws.put("faq-1", "approval/request.json", REQUEST)
        assert tuner("runs", "--json").json[0]["waits_for_approval"] is True
        answer = {"schema_version": 1, "decision": "approved", "by": "me", "at": "2026-11-23T08:00:00Z"}
        aws.put("faq-1", "approval/answer.json", answer)
        assert tuner("runs", "--json").json[0]["waits_for_approval"] is False


class TestPlaces:
    """Runs that wait for a training place: their position and expected start."""

    @pytest.fixture(autouse=True)
    def _queue(self, aws: FakeAws) -> None:
        began = now() - timedelta(hours=3)
        table = PlacesTable("tuner-state", client("dynamodb", "us-east-1"))
        table.limit("training", 1)
        for minute, name in enumerate(("faq-0", "faq-1", "faq-2", "faq-3")):
            waiting = WaitingRun(run_id=name, since=began + timedelta(minutes=minute))
            table.register("training", waiting, SecretStr(name), began)
            before = TO_TRAINING[: TO_TRAINING.index("Wait for a training place") + 1]
            aws.add(Execution(name, "RUNNING", started=began, history=History().is_in(*before)))
            if name in ("faq-0", "faq-1"):
                table.admit("training", waiting, 1, began + timedelta(hours=1))
            if name == "faq-0":
                table.leave("training", name, began + timedelta(hours=3))
        aws.actions.clear()

    def test_the_list_shows_position_and_expected_start(self, tuner: Tuner) -> None:
        outcome = tuner("runs")
        lines = outcome.err.splitlines()
        assert all(len(line) <= 80 for line in lines)
        start = now() + timedelta(hours=2)
        second = next(line for line in lines if "waits, 2 of 2" in line)
        assert f"starts about {start:%d %b %H:%M} UTC" in second
        assert sum("waits, " in line for line in lines) == 2
        found = {entry["run_id"]: entry["place"] for entry in tuner("runs", "--json").json}
        assert found["faq-1"] is None
        assert {"pool": "training", "position": 1, "waiting": 2}.items() <= found["faq-2"].items()
        assert found["faq-2"]["expected_start"] < found["faq-3"]["expected_start"]

    def test_a_run_that_is_shown_says_what_it_waits_for(self, tuner: Tuner) -> None:
        said = " ".join(tuner("show", "faq-3").err.split())
        assert "Place: 2 of 2 runs that wait for a training place; starts at about" in said

    def test_a_deployment_without_a_queue_lists_its_runs(self, tuner: Tuner, aws: FakeAws) -> None:
        del aws.stacks["BedrockTuner"]["StateTableName"]
        assert "waits, " not in tuner("runs").err
        assert not aws.actions & {"dynamodb:Query", "dynamodb:GetItem"}

    def test_who_may_not_read_the_queue_follows_the_run_all_the_same(
        self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(*_: Any) -> None:
            raise AccessDeniedError("not authorized to perform: dynamodb:Query")

        monkeypatch.setattr(queue_position, "place_queue", denied)
        assert "the position is not known: not authorized" in " ".join(tuner("show", "faq-3").err.split())
        listed = tuner("runs")
        assert "faq-3" in listed.err and "waits, " not in listed.err
        assert "Positions in the queue are not known: not authorized" in " ".join(listed.err.split())
