"""Tests of the purchase: a run buys once, whatever happens between the call to Bedrock and the record."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, FakeEndpoints, MemoryFolder, manifest
from tuner.artifacts.evaluation.gate import Gate
from tuner.artifacts.serving import CommitmentRecord, EndpointRecord
from tuner.aws.bedrock.resources import EndpointRequest
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, CommitmentNotAllowedError, EndpointFailedError, QuotaError, RetryableError
from tuner.core.resource_names import Tags
from tuner.serving.purchase import check, commit, purchase


@pytest.fixture
def folder() -> MemoryFolder:
    return MemoryFolder(files={Keys.TRAINING_SUMMARY: json.dumps({"custom_model_arn": CUSTOM_MODEL}).encode()})


def test_a_purchase_carries_the_runs_name_and_tags(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    purchase(throughputs, folder, manifest(model_units=2), DEPLOYMENT)
    tags = {Tags.DEPLOYMENT: DEPLOYMENT, Tags.RUN: RUN}
    assert throughputs.created == [EndpointRequest(NAME, CUSTOM_MODEL, 2, None, tags)]


def test_a_repeated_step_buys_nothing_and_keeps_the_record(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    first = purchase(throughputs, folder, manifest(), DEPLOYMENT)
    throughputs.alive[first.arn] = replace(throughputs.alive[first.arn], status="InService")
    check(throughputs, folder)
    again = purchase(throughputs, folder, manifest(), DEPLOYMENT)
    assert len(throughputs.created) == 1
    assert again.in_service_at
    assert folder.load(EndpointRecord) == again


def test_a_step_that_crashed_before_it_wrote_the_record_finds_its_endpoint(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    del folder.files[Keys.ENDPOINT]
    assert purchase(throughputs, folder, manifest(), DEPLOYMENT).arn == arn
    assert len(throughputs.created) == 1
    assert folder.load(EndpointRecord).arn == arn


def test_an_endpoint_with_the_runs_name_and_without_its_tag_is_ignored(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    throughputs.add(NAME, {})
    purchase(throughputs, folder, manifest(), DEPLOYMENT)
    assert len(throughputs.created) == 1


def committed(folder: MemoryFolder, throughputs: FakeEndpoints, decision: str = "accepted", **others: Any) -> str:
    verdict = {"value": "undecided", "sentence": ""}
    gate = {"decision": decision, "sentence": "", "id": "1", "run_id": RUN, "dataset": "faq", "base_model": "m"}
    more = {"custom_model_arn": None, "verdict": verdict, "people": False, "report": "", "scores": ""}
    folder.save(Gate.model_validate({**gate, **more, "scores_sha256": ""}))
    asked = manifest(commitment="OneMonth", gate={"correctness": {"at_least": 2}})
    return commit(throughputs, folder, asked, DEPLOYMENT, others.get("allowed", ("OneMonth",))).arn


def test_the_evaluation_uses_hourly_throughput_even_if_the_run_asks_for_a_commitment(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    asked = manifest(commitment="OneMonth", gate={"correctness": {"at_least": 2}})
    assert purchase(throughputs, folder, asked, DEPLOYMENT).commitment is None
    assert throughputs.created[0].commitment is None


def test_a_commitment_is_bought_once_and_has_its_own_name_and_record(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    hourly = purchase(throughputs, folder, manifest(), DEPLOYMENT)
    arn = committed(folder, throughputs)
    assert committed(folder, throughputs) == arn != hourly.arn
    assert [(request.name, request.commitment) for request in throughputs.created] == [
        (NAME, None),
        (f"{NAME}-committed", "OneMonth"),
    ]
    assert folder.load(EndpointRecord) == hourly
    record = folder.load_if_present(CommitmentRecord)
    assert record
    assert (record.arn, record.commitment) == (arn, "OneMonth")


@pytest.mark.parametrize("decision", ["rejected", "undecided", "none"])
def test_no_commitment_is_bought_for_a_model_that_was_not_accepted(folder: MemoryFolder, decision: str) -> None:
    throughputs = FakeEndpoints()
    with pytest.raises(CommitmentNotAllowedError, match=f"decision is {decision}.*nothing was bought"):
        committed(folder, throughputs, decision)
    assert not throughputs.created


def test_no_commitment_is_bought_that_the_deployment_no_longer_allows(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    with pytest.raises(CommitmentNotAllowedError, match="allows SixMonths"):
        committed(folder, throughputs, allowed=("SixMonths",))
    assert not throughputs.created


def test_a_model_deployment_has_no_model_units_and_no_commitment(folder: MemoryFolder) -> None:
    record = purchase(FakeEndpoints("on_demand"), folder, manifest(serving="on_demand"), DEPLOYMENT)
    assert (record.kind, record.model_units, record.commitment) == ("on_demand", None, None)


def test_a_quota_error_names_the_quota_to_raise(folder: MemoryFolder) -> None:
    class Empty(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            raise QuotaError("Could not purchase: ServiceQuotaExceededException: no units.")

    with pytest.raises(QuotaError, match=r"L-BE77399C.*serving: on_demand"):
        purchase(Empty(), folder, manifest(), DEPLOYMENT)


def test_a_purchase_whose_response_was_lost_is_found_by_its_name(folder: MemoryFolder) -> None:
    class CutOff(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            super().create(request)
            raise AwsError("ValidationException: The name is in use.")

    throughputs = CutOff()
    assert purchase(throughputs, folder, manifest(), DEPLOYMENT).arn in throughputs.alive


def test_a_purchase_that_created_nothing_is_an_error(folder: MemoryFolder) -> None:
    class Refused(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            raise AwsError("ValidationException: No such model.")

    with pytest.raises(AwsError, match="No such model"):
        purchase(Refused(), folder, manifest(), DEPLOYMENT)


def test_the_first_time_in_service_is_recorded_and_kept(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    assert check(throughputs, folder)[1].in_service_at is None
    throughputs.alive[arn] = replace(throughputs.alive[arn], status="InService")
    first = check(throughputs, folder)[1].in_service_at
    assert first
    folder.files[Keys.ENDPOINT] = folder.files[Keys.ENDPOINT].replace(first.encode(), b"2026-11-23T07:00:00Z")
    assert check(throughputs, folder)[1].in_service_at == "2026-11-23T07:00:00Z"


def test_the_error_of_a_failed_endpoint_has_bedrocks_reason(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    throughputs.alive[arn] = replace(throughputs.alive[arn], status="Failed", failure="Insufficient capacity.")
    with pytest.raises(EndpointFailedError, match="Insufficient capacity"):
        check(throughputs, folder)


def test_a_missing_endpoint_is_retried_while_it_is_young_and_then_an_error(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    del throughputs.alive[arn]
    with pytest.raises(RetryableError, match="does not show it yet"):
        check(throughputs, folder)
    folder.save(folder.load(EndpointRecord).model_copy(update={"created_at": "2026-11-23T07:00:00Z"}))
    with pytest.raises(EndpointFailedError, match="disappeared before it was in service"):
        check(throughputs, folder)


def test_a_purchase_that_is_not_listed_yet_is_not_repeated(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints(unlisted=True)
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    assert purchase(throughputs, folder, manifest(), DEPLOYMENT).arn == arn
    assert len(throughputs.created) == 1


def test_a_name_that_is_in_use_and_not_listed_yet_is_retried(folder: MemoryFolder) -> None:
    class Stale(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            raise RetryableError("Bedrock does not show yet what an earlier call created.")

    with pytest.raises(RetryableError):
        purchase(Stale(), folder, manifest(), DEPLOYMENT)


def test_the_error_of_a_released_endpoint_names_the_setting(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    record = purchase(throughputs, folder, manifest(), DEPLOYMENT)
    folder.save(record.model_copy(update={"released_at": "2026-11-23T12:00:00Z"}))
    del throughputs.alive[record.arn]
    with pytest.raises(EndpointFailedError, match=r"released at 2026-11-23T12:00:00Z.*longest_throughput_hours"):
        check(throughputs, folder)
