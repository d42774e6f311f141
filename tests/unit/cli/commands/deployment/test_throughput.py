"""`tuner throughput`: lists everything with the name or tag, and releases only what has both."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Refused, Tuner
from tuner.core.artifact_keys import Keys

ARN = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/"
CLAUDE = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0:200k"
OURS = {"bedrock-tuner:deployment": "tuner", "bedrock-tuner:run": "faq-1"}


@pytest.fixture
def bedrock(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Throughput with tags, which can be looked up and deleted."""
    tags: dict[str, dict[str, str]] = {}

    def add(name: str, tagged: dict[str, str], **members: Any) -> str:
        arn = f"{ARN}{len(aws.throughputs):012d}"
        tags[arn] = tagged
        aws.throughputs.append(
            {
                "provisionedModelArn": arn,
                "provisionedModelName": name,
                "foundationModelArn": CLAUDE,
                "modelArn": "arn:m",
                "desiredModelArn": "arn:m",
                "modelUnits": 2,
                "desiredModelUnits": 2,
                "status": "InService",
                "creationTime": datetime.now(UTC) - timedelta(hours=2.5),
                "lastModifiedTime": datetime.now(UTC),
                **members,
            }
        )
        return arn

    def find(parameters: dict[str, Any]) -> dict[str, Any]:
        arn = parameters["provisionedModelId"]
        for entry in aws.throughputs:
            if entry["provisionedModelArn"] == arn:
                return entry
        raise Refused("ResourceNotFoundException", "gone", 404)

    def delete(parameters: dict[str, Any]) -> dict[str, Any]:
        aws.throughputs.remove(find(parameters))
        return {}

    def tags_of(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [{"key": key, "value": value} for key, value in tags[parameters["resourceARN"]].items()]}

    for name, answer in {
        "GetProvisionedModelThroughput": find,
        "DeleteProvisionedModelThroughput": delete,
        "ListTagsForResource": tags_of,
    }.items():
        monkeypatch.setattr(aws, f"_on_{name}", answer, raising=False)
    aws.throughput = add  # type: ignore[attr-defined]
    aws.tagged = tags  # type: ignore[attr-defined]
    return aws


def test_a_job_in_progress_is_listed_and_can_be_stopped(tuner: Tuner, bedrock: FakeAws) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova/abc"
    created = datetime.now(UTC) - timedelta(hours=2.5)
    bedrock.job = {"jobArn": arn, "jobName": "tuner-faq-1", "status": "InProgress", "creationTime": created}
    bedrock.tagged[arn] = OURS  # type: ignore[attr-defined]
    assert "billed for the tokens that it trains with" in tuner("throughput").err
    outcome = tuner("throughput", "release", arn, "--yes")
    assert f"Released: {arn}" in outcome.err
    assert bedrock.job["status"] == "Stopping"


def test_a_batch_job_in_progress_is_listed_and_can_be_stopped(tuner: Tuner, bedrock: FakeAws) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghijkl"
    created = datetime.now(UTC) - timedelta(hours=2.5)
    bedrock.batch = {"jobArn": arn, "jobName": "tuner-faq-1", "status": "Scheduled", "submitTime": created}
    bedrock.tagged[arn] = OURS  # type: ignore[attr-defined]
    shown = tuner("throughput").err
    assert "a batch job, billed for the records that it answers, until its records are answered" in shown
    assert f"Released: {arn}" in tuner("throughput", "release", arn, "--yes").err
    assert bedrock.batch["status"] == "Stopping"


def test_an_empty_list_says_so(tuner: Tuner, bedrock: FakeAws) -> None:
    assert "Nothing costs money" in tuner("throughput").err
    assert tuner("throughput", "list", "--json").json == []


def test_the_list_shows_owner_age_and_cost(tuner: Tuner, bedrock: Any) -> None:
    kept = "2126-11-23T20:00:00Z"
    arn = bedrock.throughput("tuner-faq-1", {**OURS, "bedrock-tuner:kept-until": kept})
    bedrock.throughput("tuner-by-hand", {})
    bedrock.throughput("stray", {"bedrock-tuner:deployment": "tuner"}, foundationModelArn="arn:x/unknown")
    bedrock.throughput("somebody-elses", {})
    found = {entry["name"]: entry for entry in tuner("throughput", "--json").json}
    assert set(found) == {"tuner-faq-1", "tuner-by-hand", "stray"}
    first = found["tuner-faq-1"]
    assert (first["arn"], first["run_id"], first["ours"], first["hourly_usd"]) == (arn, "faq-1", True, 264)
    assert first["usd_so_far"] == 792, "a begun hour counts whole"
    assert first["kept_until"] < kept, "never longer than the deployment allows"
    assert (found["tuner-by-hand"]["lacks"], found["stray"]["lacks"]) == ("tag", "name")
    assert (found["stray"]["run_id"], found["stray"]["hourly_usd"], found["stray"]["usd_so_far"]) == (None, None, None)
    shown = tuner("throughput").err
    assert "$264.00" in shown
    assert "price unknown" in shown


def test_an_endpoint_is_released_by_its_arn(tuner: Tuner, bedrock: Any) -> None:
    arn, other = bedrock.throughput("tuner-faq-1", OURS), bedrock.throughput("tuner-faq-2", OURS)
    outcome = tuner("throughput", "release", arn, "--yes")
    assert outcome.status == 0
    assert f"Released: {arn}" in outcome.err
    assert [entry["provisionedModelArn"] for entry in bedrock.throughputs] == [other]


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING"])
def test_the_release_function_records_what_people_release(tuner: Tuner, bedrock: Any, status: str) -> None:
    """People may not write the record. A run in progress ends because of the release, which calls the function."""
    arn = bedrock.throughput("tuner-faq-1", OURS)
    bedrock.add(Execution("faq-1", status))
    record = {"kind": "provisioned", "arn": arn, "name": "tuner-faq-1", "created_at": "2026-11-01T00:00:00Z"}
    bedrock.put("faq-1", Keys.ENDPOINT, record)
    assert tuner("throughput", "release", arn, "--yes").status == 0
    asked = [(call["FunctionName"], json.loads(call["Payload"])) for call in bedrock.calls("Invoke")]
    assert asked == ([] if status == "RUNNING" else [("tuner-release", {"run_id": "faq-1"})])
    written = bedrock.s3.get_object(Bucket="tuner-artifacts", Key=f"runs/faq-1/{Keys.ENDPOINT}")["Body"].read()
    assert json.loads(written) == record


def test_nothing_is_released_without_confirmation(tuner: Tuner, bedrock: Any) -> None:
    arn = bedrock.throughput("tuner-faq-1", OURS)
    assert tuner("throughput", "release", arn).status == 1
    assert len(bedrock.throughputs) == 1


@pytest.mark.parametrize(
    ("name", "tags", "members", "said"),
    [
        ("tuner-by-hand", {}, {}, "does not have this deployment's tag"),
        ("stray", OURS, {}, "does not have this deployment's name"),
        ("somebody-elses", {}, {}, "does not exist, or is not this deployment's"),
        ("tuner-faq-1", OURS, {"commitmentDuration": "OneMonth"}, "has a commitment (OneMonth)"),
    ],
)
def test_endpoints_of_others_and_with_a_commitment_are_refused(
    tuner: Tuner, bedrock: Any, name: str, tags: dict[str, str], members: dict[str, Any], said: str
) -> None:
    arn = bedrock.throughput(name, tags, **members)
    outcome = tuner("throughput", "release", arn, "--yes")
    assert outcome.status == 1
    assert said in outcome.err
    assert len(bedrock.throughputs) == 1


def test_all_releases_only_what_has_name_and_tag(tuner: Tuner, bedrock: Any) -> None:
    bedrock.throughput("tuner-faq-1", OURS)
    bedrock.throughput("tuner-by-hand", {})
    bedrock.throughput("tuner-committed", OURS, commitmentDuration="SixMonths")
    assert tuner("throughput", "release", "--all", "--yes").status == 0
    assert [entry["provisionedModelName"] for entry in bedrock.throughputs] == ["tuner-by-hand", "tuner-committed"]
    assert "nothing to release" in tuner("throughput", "release", "--all", "--yes").err


@pytest.mark.parametrize("arguments", [(), (ARN, "--all")])
def test_release_needs_an_arn_or_all(tuner: Tuner, bedrock: FakeAws, arguments: tuple[str, ...]) -> None:
    outcome = tuner("throughput", "release", *arguments)
    assert outcome.status == 2
    assert "--all" in outcome.err
