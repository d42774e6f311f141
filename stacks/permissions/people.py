"""The permissions of people: what the commands of a data owner and of an operator call."""

from __future__ import annotations

from stacks.permissions import batch, bedrock, s3, services
from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant
from stacks.permissions.kms import use_key
from tuner.artifacts.approval import ApprovalAnswer
from tuner.artifacts.evaluation.people import PEOPLE, sheet_file
from tuner.core.artifact_keys import Keys
from tuner.core.run import INCOMING


def data_owner(arns: Arns) -> list[Grant]:
    """`tuner run`, `watch`, `runs`, `show`, `report`, `compare`, `spending`, `review export` and `stop`."""
    datasets = (f"{arns.data_bucket}/{INCOMING}*",)
    return [
        _find_deployment(arns),
        *s3.list_datasets(arns),
        Grant(
            ("s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"),
            datasets,
            "uploads datasets, and deletes files of an earlier upload that a dataset no longer has",
        ),
        Grant(("s3:GetObject",), datasets, "reads its own datasets again"),
        use_key(arns, "s3", ("kms:GenerateDataKey",), "encrypts what it uploads"),
        *s3.read_run(arns),
        *s3.find_in_run(arns),
        *s3.write_run(arns, sheet_file("*")),  # `review export --random` keeps which model gave which answer
        Grant(("lambda:InvokeFunction",), (arns.function("start_run"),), "asks for a repeat of a run"),
        *services.list_executions(arns),
        *services.read_ledger(arns),
        Grant(
            (
                "states:DescribeExecution",
                "states:DescribeStateMachineForExecution",
                "states:GetExecutionHistory",
                "states:StopExecution",
            ),
            (arns.executions,),
            "follows runs and stops them",
        ),
        *services.read_queue(arns),
        *bedrock.describe_jobs(arns),
        *bedrock.list_jobs(arns),
        *bedrock.stop_jobs(arns),
        *bedrock.describe_endpoints(arns),
        *bedrock.find_endpoints(arns),
        *batch.list_batches(arns),
        *batch.describe_batches(arns),
        *bedrock.find_models(arns, "shows what stored models cost"),
    ]


def operator(arns: Arns) -> list[Grant]:
    """What a data owner may do, and `tuner approve`, `reject`, `throughput` and `models`."""
    return [
        *data_owner(arns),
        Grant(
            ("states:SendTaskSuccess", "states:SendTaskFailure"),
            ("*",),
            "answers a run that waits for approval, with its secret token; AWS has no narrower resource",
        ),
        # Not the records of a run's job and endpoint: its answers, and what is purchased, follow them.
        *s3.write_run(arns, ApprovalAnswer.NAME),
        Grant(
            ("lambda:InvokeFunction",),
            (arns.function("release_throughput"),),
            "`throughput release` has it recorded what is gone",
        ),
        *batch.stop_batches(arns),
        *bedrock.delete_endpoints(arns),
        bedrock.delete_tagged_models(arns),
    ]


def reviewer(arns: Arns) -> list[Grant]:
    """`tuner review export` and `import`, which changes the gate's decision on a run that has ended.

    The state machine purchases a commitment by the decision that its own step returned, and not by gate.json.
    """
    written = (PEOPLE, Keys.SCORES, Keys.GATE, Keys.REPORT, Keys.REPORT_PAGE, Keys.REPORT_CARD, sheet_file("*"))
    return [
        _find_deployment(arns),
        *services.list_executions(arns),
        Grant(("states:DescribeExecution",), (arns.executions,), "finds the run that is meant"),
        *s3.read_run(arns),
        *s3.find_in_run(arns),
        *s3.write_run(arns, *written),
        *s3.write_overview(arns),
        *bedrock.tag_models(arns),
        *services.publish_decisions(arns),
    ]


def _find_deployment(arns: Arns) -> Grant:
    stack = arns.arn("cloudformation", f"stack/{arns.deployment.stack_name}/*")
    return Grant(("cloudformation:DescribeStacks",), (stack,), "finds the deployment by the outputs of its stack")
