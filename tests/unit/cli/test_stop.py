"""`tuner stop`."""

import json
from typing import Any

import pytest

from tests.doubles import manifest
from tests.unit.cli.histories import TO_TRAINING, History
from tests.unit.cli.samples import BEGAN, throughput
from tests.unit.cli.world import ARTIFACTS, Execution, Tuner, World
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
    def test_a_job_whose_training_is_done_is_left_to_complete(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.job = job("faq-1", statusDetails={"trainingDetails": {"status": "Completed"}})
        outcome = tuner("stop", "faq-1")
        assert world.job["status"] == "InProgress"
        assert "tuner run --again' reuses its model" in " ".join(outcome.err.split())

    def test_a_job_of_a_run_that_is_over_is_stopped_too(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "FAILED"))
        world.job = job("faq-1")
        assert "is being stopped" in tuner("stop", "faq-1").err
        assert world.job["status"] == "Stopping"

    def test_stops_run_and_training_and_waits_until_nothing_is_alive(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.throughputs = [throughput("faq-1")]
        world.job = job("faq-1")
        world.after["ListProvisionedModelThroughputs"] = world.throughputs.clear
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert world.executions["faq-1"].status == "ABORTED"
        assert world.job["status"] == "Stopping"
        assert len(world.calls("ListProvisionedModelThroughputs")) == 2
        assert "Throughput left: none" in outcome.err

    def test_an_endpoint_is_not_written_down_as_released_by_the_stop_of_the_training(
        self, tuner: Tuner, world: World
    ) -> None:
        """Else the release function would not look for it by its record, and would disarm its switch."""
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.throughputs = [throughput("faq-1")]
        world.after["ListProvisionedModelThroughputs"] = world.throughputs.clear
        record = {
            "kind": "provisioned",
            "arn": world.throughputs[0]["provisionedModelArn"],
            "name": "tuner-faq-1",
            "model_units": 1,
            "commitment": None,
            "created_at": "2026-11-01T00:00:00Z",
            "released_at": None,
        }
        world.put("faq-1", Keys.ENDPOINT, record)
        assert tuner("stop", "faq-1").status == 0
        found = world.s3.get_object(Bucket=ARTIFACTS, Key=f"runs/faq-1/{Keys.ENDPOINT}")["Body"].read()
        assert json.loads(found)["released_at"] is None

    @pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
    def test_a_run_that_may_be_buying_is_said_to_be(self, tuner: Tuner, world: World, status: str) -> None:
        world.add(Execution("faq-1", status, history=History().is_in(*TO_TRAINING)))
        world.put("faq-1", Keys.TRAINING_SUMMARY, {"custom_model_arn": "arn:model"})
        world.put("faq-1", Keys.MANIFEST, manifest().model_dump(mode="json"))
        said = tuner("stop", "faq-1").err
        assert ("A purchase may be in progress" in said) is (status == "RUNNING")

    def test_a_run_that_is_over_is_left_as_it_is(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert "has already ended (SUCCEEDED)" in outcome.err
        assert world.calls("StopExecution") == []

    def test_what_stays_alive_is_an_error_that_names_it(
        self, tuner: Tuner, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.throughputs = [throughput("faq-1")]
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 1
        assert (
            "Still not released, and still billed: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/"
            in outcome.err
        )
