"""One run buys once, whatever happens between the call and the record."""

import json
from dataclasses import replace

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, FakeEndpoints, MemoryFolder, manifest
from tuner.errors import AwsError, EndpointFailedError, QuotaError
from tuner.run import Keys, Tags
from tuner.serving.endpoints import EndpointRequest
from tuner.serving.purchase import check, purchase, require


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
    assert require(folder) == again


def test_a_step_that_died_before_it_wrote_is_recovered(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    del folder.files[Keys.ENDPOINT]
    assert purchase(throughputs, folder, manifest(), DEPLOYMENT).arn == arn
    assert len(throughputs.created) == 1
    assert require(folder).arn == arn


def test_a_name_without_our_tag_is_not_taken_for_ours(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    throughputs.add(NAME, {})
    purchase(throughputs, folder, manifest(), DEPLOYMENT)
    assert len(throughputs.created) == 1


def test_a_deployment_has_neither_units_nor_a_commitment(folder: MemoryFolder) -> None:
    record = purchase(FakeEndpoints("on_demand"), folder, manifest(serving="on_demand"), DEPLOYMENT)
    assert (record.kind, record.model_units, record.commitment) == ("on_demand", None, None)


def test_a_quota_says_what_to_ask_for(folder: MemoryFolder) -> None:
    class Empty(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            raise QuotaError("Could not purchase: ServiceQuotaExceededException: no units.")

    with pytest.raises(QuotaError, match=r"L-BE77399C.*serving: on_demand"):
        purchase(Empty(), folder, manifest(), DEPLOYMENT)


def test_a_purchase_whose_answer_was_cut_off_is_found_by_its_name(folder: MemoryFolder) -> None:
    class CutOff(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            super().create(request)
            raise AwsError("ValidationException: The name is in use.")

    throughputs = CutOff()
    assert purchase(throughputs, folder, manifest(), DEPLOYMENT).arn in throughputs.alive


def test_a_purchase_that_made_nothing_is_an_error(folder: MemoryFolder) -> None:
    class Refused(FakeEndpoints):
        def create(self, request: EndpointRequest) -> str:
            raise AwsError("ValidationException: No such model.")

    with pytest.raises(AwsError, match="No such model"):
        purchase(Refused(), folder, manifest(), DEPLOYMENT)


def test_the_first_sight_of_the_service_is_kept(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    assert check(throughputs, folder)[1].in_service_at is None
    throughputs.alive[arn] = replace(throughputs.alive[arn], status="InService")
    first = check(throughputs, folder)[1].in_service_at
    assert first
    folder.files[Keys.ENDPOINT] = folder.files[Keys.ENDPOINT].replace(first.encode(), b"2026-11-23T07:00:00Z")
    assert check(throughputs, folder)[1].in_service_at == "2026-11-23T07:00:00Z"


def test_a_failed_endpoint_carries_bedrocks_reason(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    throughputs.alive[arn] = replace(throughputs.alive[arn], status="Failed", failure="Insufficient capacity.")
    with pytest.raises(EndpointFailedError, match="Insufficient capacity"):
        check(throughputs, folder)


def test_an_endpoint_that_went_away_is_an_error(folder: MemoryFolder) -> None:
    throughputs = FakeEndpoints()
    arn = purchase(throughputs, folder, manifest(), DEPLOYMENT).arn
    del throughputs.alive[arn]
    with pytest.raises(EndpointFailedError, match="went away"):
        check(throughputs, folder)
