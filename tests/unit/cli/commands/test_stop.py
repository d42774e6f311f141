"""`tuner stop`."""

import json
from typing import Any

import pytest

from tests.doubles import manifest
from tests.unit.cli.fake_aws import ARTIFACTS, Execution, FakeAws, Tuner
from tests.unit.cli.histories import BEGAN, TO_TRAINING, History
from tests.unit.cli.samples import throughput
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import resource_name


def job(run: str, **members: Any) -> dict[str, Any]:
    name = resource_name("tuner", run)
    return {
        "jobArn": f"arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova/{name}",
        "jobName": name,
        "status": "InProgress",
        "creationTime": BEGAN,
        "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0",
        **members,
    }


class TestStop:
    def test_a_job_that_has_finished_training_is_not_stopped(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.job = job("faq-1", statusDetails={"trainingDetails": {"status": "Completed"}})
        outcome = tuner("stop", "faq-1")
        assert aws.job["status"] == "InProgress"
        assert "To use its model: tuner run faq-1 --again" in " ".join(outcome.err.split())

    @pytest.mark.parametrize("status", ["InProgress", "Completed"])
    def test_nothing_is_written_into_the_runs_folder(self, tuner: Tuner, aws: FakeAws, status: str) -> None:
        """Who may stop a run may not write there. The release function records what is gone."""
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.job = job("faq-1", statusDetails={"trainingDetails": {"status": status}})
        record = {"job_arn": aws.job["jobArn"], "job_name": aws.job["jobName"], "recorded_at": "2026-11-01T00:00:00Z"}
        aws.put("faq-1", Keys.TRAINING_JOB, {"schema_version": 1, "run_id": "faq-1", "trained_by": "faq-1", **record})
        before = aws.s3.list_object_versions(Bucket=ARTIFACTS)["Versions"]
        assert tuner("stop", "faq-1").status == 0
        assert aws.s3.list_object_versions(Bucket=ARTIFACTS)["Versions"] == before

    def test_the_job_of_an_ended_run_is_stopped(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "FAILED"))
        aws.job = job("faq-1")
        assert "is being stopped" in tuner("stop", "faq-1").err
        assert aws.job["status"] == "Stopping"

    def test_stops_the_run_and_its_training_and_waits_for_the_release(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.throughputs = [throughput("faq-1")]
        aws.job = job("faq-1")
        aws.after["ListProvisionedModelThroughputs"] = aws.throughputs.clear
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert aws.executions["faq-1"].status == "ABORTED"
        assert aws.job["status"] == "Stopping"
        assert len(aws.calls("ListProvisionedModelThroughputs")) == 2
        assert "Throughput left: none" in outcome.err
        assert "faq-1  stopped after" in tuner("show", "faq-1").err

    def test_stopping_the_training_does_not_mark_the_endpoint_as_released(self, tuner: Tuner, aws: FakeAws) -> None:
        """Otherwise the release function would not find the endpoint by its record, and would delete its schedule."""
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.throughputs = [throughput("faq-1")]
        aws.after["ListProvisionedModelThroughputs"] = aws.throughputs.clear
        record = {
            "kind": "provisioned",
            "arn": aws.throughputs[0]["provisionedModelArn"],
            "name": "tuner-faq-1",
            "model_units": 1,
            "commitment": None,
            "created_at": "2026-11-01T00:00:00Z",
            "released_at": None,
        }
        aws.put("faq-1", Keys.ENDPOINT, record)
        assert tuner("stop", "faq-1").status == 0
        found = aws.s3.get_object(Bucket=ARTIFACTS, Key=f"runs/faq-1/{Keys.ENDPOINT}")["Body"].read()
        assert json.loads(found)["released_at"] is None

    @pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
    def test_a_possible_purchase_in_progress_is_reported(self, tuner: Tuner, aws: FakeAws, status: str) -> None:
        aws.add(Execution("faq-1", status, history=History().is_in(*TO_TRAINING)))
        aws.put("faq-1", Keys.TRAINING_SUMMARY, {"custom_model_arn": "arn:model"})
        aws.put("faq-1", Keys.MANIFEST, manifest().model_dump(mode="json"))
        said = tuner("stop", "faq-1").err
        assert ("A purchase may be in progress" in said) is (status == "RUNNING")

    def test_an_ended_run_is_not_stopped(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert "has already ended (SUCCEEDED)" in outcome.err
        assert aws.calls("StopExecution") == []

    def test_an_unreleased_endpoint_is_an_error(
        self, tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.throughputs = [throughput("faq-1")]
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 1
        assert (
            "Still not released, and still billed: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/"
            in outcome.err
        )
