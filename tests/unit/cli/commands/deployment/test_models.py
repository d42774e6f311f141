"""`tuner models`: lists and deletes the models of this deployment, and no others."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.cli.fake_aws import ARTIFACTS, Execution, FakeAws, Refused, Tuner

ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/"
OURS = {"bedrock-tuner:deployment": "tuner", "bedrock-tuner:run": "faq-1"}


class Bedrock:
    """Custom models with tags, in a aws."""

    def __init__(self, aws: FakeAws) -> None:
        self.models: dict[str, tuple[str, dict[str, str]]] = {}
        self.in_use: set[str] = set()
        for name in ("ListCustomModels", "ListTagsForResource", "DeleteCustomModel"):
            setattr(aws, f"_on_{name}", getattr(self, name))

    def add(self, name: str, tags: dict[str, str]) -> str:
        arn = f"{ARN}{len(self.models):012d}"
        self.models[arn] = (name, tags)
        return arn

    def ListCustomModels(self, parameters: dict[str, Any]) -> dict[str, Any]:
        created = datetime(2026, 11, 1, tzinfo=UTC)
        found = [(arn, name) for arn, (name, _) in self.models.items() if parameters["nameContains"] in name]
        return {"modelSummaries": [{"modelArn": a, "modelName": n, "creationTime": created} for a, n in found]}

    def ListTagsForResource(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [{"key": k, "value": v} for k, v in self.models[parameters["resourceARN"]][1].items()]}

    def DeleteCustomModel(self, parameters: dict[str, Any]) -> dict[str, Any]:
        arn = parameters["modelIdentifier"]
        if arn in self.in_use:
            raise Refused("ConflictException", "The model is in use.")
        del self.models[arn]
        return {}


@pytest.fixture
def bedrock(aws: FakeAws) -> Bedrock:
    aws.add(Execution("faq-1"), Execution("faq-2"))
    return Bedrock(aws)


def test_only_models_with_name_and_tag_are_listed(tuner: Tuner, bedrock: Bedrock) -> None:
    ours = bedrock.add("tuner-faq-1", OURS)
    bedrock.add("tuner-faq-1", {"bedrock-tuner:deployment": "other"})
    bedrock.add("my-tuner-model", OURS)
    assert [entry["arn"] for entry in tuner("models", "--json").json] == [ours]
    assert ours in tuner("models").err


def test_only_the_model_of_the_run_is_deleted(tuner: Tuner, bedrock: Bedrock) -> None:
    one, other = bedrock.add("tuner-faq-1", OURS), bedrock.add("tuner-faq-2", OURS | {"bedrock-tuner:run": "faq-2"})
    assert tuner("models", "delete", "faq-1", "--yes").status == 0
    assert set(bedrock.models) == {other}
    assert one not in bedrock.models


def test_all_models_of_this_deployment_are_deleted(tuner: Tuner, bedrock: Bedrock) -> None:
    bedrock.add("tuner-faq-1", OURS)
    others = bedrock.add("tuner-faq-1", {})
    assert tuner("models", "delete", "--all", "--yes").status == 0
    assert set(bedrock.models) == {others}


def test_a_model_in_use_is_an_error(tuner: Tuner, bedrock: Bedrock) -> None:
    arn = bedrock.add("tuner-faq-1", OURS)
    bedrock.in_use.add(arn)
    outcome = tuner("models", "delete", "--all", "--yes")
    assert outcome.status == 1
    assert "'tuner throughput' lists what serves them" in " ".join(outcome.err.split())


@pytest.mark.parametrize("user", ["faq-1", "faq-2"], ids=["that trained it", "that adopted it"])
@pytest.mark.parametrize("named", ["faq-1", "--all"])
def test_a_model_of_a_run_in_progress_is_not_deleted(
    tuner: Tuner, aws: FakeAws, bedrock: Bedrock, user: str, named: str
) -> None:
    aws.add(Execution(user, "RUNNING"))
    bedrock.add("tuner-faq-1", OURS | {"bedrock-tuner:training": "f"})
    uses = [{"run_id": run, "trained_by": "faq-1", "job_name": "tuner-faq-1"} for run in ("faq-1", "faq-2")]
    aws.s3.put_object(Bucket=ARTIFACTS, Key="runs/training-f.json", Body=json.dumps(uses).encode())
    outcome = tuner("models", "delete", named, "--yes")
    assert outcome.status == 1
    assert f"is used by a run in progress: {user}." in " ".join(outcome.err.split())
    assert len(bedrock.models) == 1


def test_an_adopted_model_is_deleted_through_the_run_that_made_it(tuner: Tuner, aws: FakeAws, bedrock: Bedrock) -> None:
    bedrock.add("tuner-faq-1", OURS)
    adopted = {"trained_by": "faq-1", "job_name": "tuner-faq-1", "recorded_at": "2026-11-01T00:00:00Z"}
    aws.put("faq-2", "training/job.json", {"run_id": "faq-2", **adopted})
    outcome = tuner("models", "delete", "faq-2", "--yes")
    assert outcome.status == 1
    assert "tuner models delete faq-1" in " ".join(outcome.err.split())
    assert len(bedrock.models) == 1


def test_nothing_is_deleted_without_confirmation_or_name(tuner: Tuner, bedrock: Bedrock) -> None:
    bedrock.add("tuner-faq-1", OURS)
    assert tuner("models", "delete", "--all").status == 1
    assert tuner("models", "delete").status == 2
    assert tuner("models", "delete", "faq-2", "--yes").status == 0
    assert len(bedrock.models) == 1


def test_the_reference_names_the_actions_that_are_used(tuner: Tuner, bedrock: Bedrock, aws: FakeAws) -> None:
    from tuner.cli.permissions import ACTIONS

    bedrock.add("tuner-faq-1", OURS)
    aws.actions.clear()
    tuner("models")
    assert aws.actions - {"cloudformation:DescribeStacks"} == ACTIONS["models"]
    tuner("models", "delete", "latest", "--yes")
    bedrock_calls = {action for action in aws.actions if action.startswith("bedrock:")}
    assert bedrock_calls == {action for action in ACTIONS["models delete"] if action.startswith("bedrock:")}
