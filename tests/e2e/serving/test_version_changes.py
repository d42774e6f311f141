"""New versions of all functions while a run is in progress. Later tests start new processes of all functions."""

import pytest

from tests.e2e.pipeline import small_dataset

pytestmark = pytest.mark.e2e


def test_deployments_change_nothing_for_a_run_in_progress(pipeline):
    """At each new state of the run, all functions get unreadable settings or the right ones, in turn."""
    pipeline.drop("redeployed", small_dataset())
    run = pipeline.run_of("redeployed")
    right: dict[str, str] = {}

    def broken(variables):
        right.setdefault(variables["POWERTOOLS_SERVICE_NAME"], variables["DEPLOYMENT"])
        return variables | {"DEPLOYMENT": "no settings"}

    def repaired(variables):
        return variables | {"DEPLOYMENT": right[variables["POWERTOOLS_SERVICE_NAME"]]}

    seen: list[str] = []
    try:
        while pipeline.describe(run)["status"] == "RUNNING":
            states = pipeline.states(run)
            if states[-1:] != seen[-1:]:
                seen.append(states[-1])
                pipeline.change_variables(broken if len(seen) % 2 else repaired)
    finally:
        pipeline.change_variables(repaired)
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert len(seen) > 5, seen
