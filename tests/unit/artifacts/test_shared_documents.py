"""Tests of the documents that all runs share: what is written is read back equal, and release 0.1.0's form is kept."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tuner.artifacts.serving import EndpointTimes
from tuner.artifacts.training import JobUse, JobUses

BUCKETS = sorted((Path(__file__).parents[2] / "characterization" / "runs").glob("*/bucket"))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
USES = st.builds(JobUse, run_id=NAMES, trained_by=NAMES, job_name=NAMES)


@pytest.mark.slow
@given(st.dictionaries(NAMES, st.lists(st.floats(0, 1e6)).map(tuple)))
def test_endpoint_times_are_read_back_equal(times: dict[str, tuple[float, ...]]) -> None:
    written = EndpointTimes(times)
    assert EndpointTimes.model_validate_json(written.model_dump_json()) == written


@given(st.lists(USES).map(tuple))
def test_job_uses_are_read_back_equal(uses: tuple[JobUse, ...]) -> None:
    written = JobUses(uses)
    assert JobUses.model_validate_json(written.model_dump_json()) == written


def test_endpoint_times_keep_the_form_of_release_0_1_0() -> None:
    times = EndpointTimes().replacing("provisioned", "amazon.nova-micro-v1:0:128k", (1200.0,))
    assert json.loads(times.model_dump_json()) == {"provisioned amazon.nova-micro-v1:0:128k": [1200.0]}


def test_job_uses_keep_the_form_of_release_0_1_0_and_ignore_newer_members() -> None:
    entry = {"run_id": "a", "trained_by": "b", "job_name": "c"}
    read = JobUses.model_validate([{**entry, "newer": 1}])
    assert json.loads(read.model_dump_json()) == [entry]


@pytest.mark.parametrize(("pattern", "model"), [("endpoint-times.json", EndpointTimes), ("training-*.json", JobUses)])
def test_documents_of_release_0_1_0_are_read(pattern: str, model: type[EndpointTimes] | type[JobUses]) -> None:
    files = [file for bucket in BUCKETS for file in bucket.glob(pattern)]
    assert files
    for file in files:
        assert json.loads(model.model_validate_json(file.read_bytes()).model_dump_json()) == json.loads(
            file.read_bytes()
        )


def test_a_duration_must_be_a_finite_number() -> None:
    with pytest.raises(ValidationError):
        EndpointTimes({"provisioned m": (float("nan"),)})
