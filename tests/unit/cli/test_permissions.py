"""docs/cli.md names exactly the actions that a command uses."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.cli.commands.test_estimate import EXAMPLE
from tests.unit.cli.commands.test_stop import job
from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import BEGAN, TO_TRAINING, History
from tests.unit.cli.samples import REQUEST, failed, report
from tuner.artifacts.report import Report
from tuner.aws.clients import client
from tuner.cli.permissions import ACTIONS
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_summary import run_summary
from tuner.settings import DeploymentSettings


class TestPermissions:
    """docs/cli.md names exactly the actions that a command uses."""

    @pytest.fixture(autouse=True)
    def _setting(self, aws: FakeAws, folder: Path) -> None:
        aws.add(Execution("faq-1"), failed("faq-2"), Execution("faq-3", "RUNNING"))
        waiting = History().is_in("Wait for a preparation place")
        aws.add(Execution("faq-0", "RUNNING", started=BEGAN - timedelta(days=1), history=waiting))
        aws.executions["faq-3"].history = History().is_in(*TO_TRAINING)
        aws.job = job("faq-3")
        for run in ("faq-1", "faq-2"):
            aws.put(run, Keys.REPORT, report(run))
            aws.put(run, Keys.REPORT_PAGE, "<html>")
        old = Report.model_validate(report("forgotten-1"))
        aws.put("forgotten-1", Keys.REPORT_CARD, run_summary(old).model_dump_json())
        aws.s3.put_object(Bucket="tuner-data", Key="incoming/faq/validation.csv", Body=b"old")
        client("iam").create_role(RoleName="tuner-customization", AssumeRolePolicyDocument="{}")

        def start_attempts() -> None:
            for name in list(aws.executions):
                aws.add(Execution(f"{name}-r1"))

        aws.after["Invoke"] = start_attempts
        scorers = {"check": "arn:aws:lambda:us-east-1:123456789012:function:check"}
        aws.stacks["BedrockTuner"]["DeploymentSettings"] = DeploymentSettings(
            quiet_seconds=2, scorers=scorers
        ).model_dump_json()
        aws.put("faq-3", Keys.APPROVAL, REQUEST)
        trained = {"run_id": "faq-3", "trained_by": "faq-3", "job_name": "j", "recorded_at": "2026-11-01T00:00:00Z"}
        aws.put("faq-3", Keys.TRAINING_JOB, {**trained, "job_arn": aws.job and aws.job["jobArn"]})
        aws.tokens = {"the-token"}
        aws.actions.clear()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("command", "calls"),
        [
            (
                "run",
                [
                    ("run", "FOLDER", "--no-watch"),
                    ("run", "FOLDER", "--again", "--no-watch"),
                    ("run", "faq-1", "--again", "--no-watch"),
                ],
            ),
            (
                "watch",
                [("watch", "faq-2"), ("watch", "faq-1"), ("watch", "nope"), ("show", "faq-3"), ("show", "faq-0")],
            ),
            ("runs", [("runs",)]),
            ("show", [("show", "faq-3", "--json"), ("show", "faq-2"), ("show", "faq-0"), ("show", "nope")]),
            ("report", [("report", "faq-1", "--no-open", "--output", "OUT"), ("report", "nope")]),
            ("stop", [("stop", "faq-3"), ("stop", "forgotten")]),
            ("approve", [("approve", "faq-3"), ("approve", "latest"), ("approve", "faq-2"), ("approve", "f")]),
            ("reject", [("reject", "faq-3", "--reason", "dear"), ("reject", "f", "--reason", "dear")]),
            ("estimate --stack", [("estimate", "EXAMPLE", "--stack", "BedrockTuner")]),
            ("doctor", [("doctor",)]),
        ],
    )
    def test_the_reference_names_the_actions_that_are_used(
        self, command: str, calls: list[tuple[str, ...]], tuner: Tuner, aws: FakeAws, folder: Path, tmp_path: Path
    ) -> None:
        places = {"FOLDER": str(folder), "EXAMPLE": str(EXAMPLE), "OUT": str(tmp_path / "out")}
        for call in calls:
            tuner(*(places.get(word, word) for word in call))
        # S3 asks KMS itself, in the caller's name.
        named = {action for action in ACTIONS[command] if not action.startswith("kms:")}
        assert aws.actions - {"cloudformation:DescribeStacks"} == named
