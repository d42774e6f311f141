"""Tests the first commands of a new user after the deployment: check the account, start the smallest run."""

import json
import subprocess
import sys

import pytest

from local.folder import CHECKOUT

pytestmark = pytest.mark.e2e


def tuner(*arguments):
    """The command, as in a shell of the checkout."""
    command = [sys.executable, "-m", "tuner", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.thorough
def test_the_account_is_ready_and_the_smallest_run_trains_and_buys_nothing(pipeline):
    looked = tuner("doctor", "--json")
    lines = {line["name"]: line["verdict"] for line in json.loads(looked.stdout)}
    # Other tests of this cloud need a scorer that does not exist yet, and one that never does.
    failed = {name for name, verdict in lines.items() if verdict == "failed"}
    assert {name for name in failed if not name.startswith("Scorer ")} == set(), looked.stdout
    assert looked.returncode == (1 if failed else 0)
    assert {"Credentials", "CDK bootstrap", "Stack", "Base model", "Judge", "Model units"} <= set(lines)
    assert lines["CDK bootstrap"] == lines["Judge"] == "ok"

    ran = tuner("run", "examples/smallest")
    assert ran.returncode == 0, ran.stderr
    run = pipeline.run_of("smallest")
    assert "Purchase throughput" not in pipeline.states(run)
    assert not pipeline.alive()
    assert run in json.dumps(pipeline.report(run))

    made = json.loads(tuner("models", "--json").stdout)
    assert any(run in model["name"] for model in made)
    assert tuner("models", "delete", run, "--yes").returncode == 0
    left = json.loads(tuner("models", "--json").stdout)
    assert not any(run in model["name"] for model in left)
