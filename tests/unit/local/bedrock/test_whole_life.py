"""A job that trains the tiny network, a throughput, and an answer by the tuned weights.

Training and inference run in this process; in tests/e2e they run in their own processes.
"""

from __future__ import annotations

import csv
import io
import json

import pytest
from botocore.exceptions import ClientError

from local.bedrock.engine.messages import GenerationRequest
from local.trainer.spec import SPEC_FILE, TrainingSpec
from tests.unit.local.bedrock.conftest import change_settings


@pytest.fixture
def in_this_process(bedrock, monkeypatch):
    import torch

    from local.bedrock.engine.generation import generate
    from local.bedrock.engine.weights_cache import WeightsCache
    from local.trainer.loop import Trainer

    torch.set_num_threads(1)
    networks = WeightsCache()

    def train(folder, stopped):
        return Trainer(TrainingSpec.model_validate_json((folder / SPEC_FILE).read_bytes()), folder).run()

    def ask(weights, conversation, sampling, threads, timeout):
        question = GenerationRequest(id=1, weights=weights, conversation=conversation, sampling=sampling)
        return generate(*networks.get(weights), [question])[0]

    monkeypatch.setattr("local.bedrock.jobs.runner.train", train)
    monkeypatch.setattr(bedrock.inference, "ask", ask)
    change_settings(bedrock, engine="tiny")


@pytest.mark.slow
def test_a_tuned_model_answers_while_its_throughput_exists(
    bedrock, control, runtime, storage, clock, job_request, finish, in_this_process
):
    control.create_model_customization_job(**job_request)
    job = finish("first-job")
    assert job.status == "Completed", job.failureMessage

    root = f"out/model-customization-job-{job.jobArn.rsplit('/', 1)[1]}"
    training = storage.objects[f"{root}/training_artifacts/step_wise_training_metrics.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(training)))
    assert list(rows[0]) == ["step_number", "epoch_number", "training_loss"]
    assert [row["step_number"] for row in rows] == [str(step) for step in range(10)]
    assert float(rows[-1]["training_loss"]) < float(rows[0]["training_loss"])
    validation = storage.objects[
        f"{root}/validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
    ].decode()
    assert [row["epoch_number"] for row in csv.DictReader(io.StringIO(validation))] == ["1", "2"]

    model = control.get_custom_model(modelIdentifier="first-model")
    arn = control.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="first-throughput", modelId=model["modelArn"]
    )["provisionedModelArn"]
    ask = {
        "modelId": arn,
        "body": json.dumps(
            {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 8,
                "temperature": 0,
                "messages": [{"role": "user", "content": "What is service 3?"}],
            }
        ),
    }
    with pytest.raises(ClientError, match="ModelNotReadyException"):
        runtime.invoke_model(**ask)
    clock.advance(bedrock.state.settings.throughput_seconds)
    assert control.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "InService"
    tuned = json.loads(runtime.invoke_model(**ask)["body"].read())
    base = json.loads(
        runtime.invoke_model(**ask | {"modelId": "anthropic.claude-3-haiku-20240307-v1:0"})["body"].read()
    )
    assert tuned["usage"]["output_tokens"] <= 8
    assert tuned["content"][0]["text"] != base["content"][0]["text"]

    control.delete_provisioned_model_throughput(provisionedModelId=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        runtime.invoke_model(**ask)
