"""Tests the synthesized template, capability by capability."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ministack.services import eventbridge

from lambdas.step import Environment
from stacks.checks.limits import LIMITS
from stacks.function_table import STEPS
from stacks.permissions.arns import function_name
from tests.unit.stacks.conftest import Synthesis
from tuner.core.file_formats import ENDINGS
from tuner.core.resource_names import STATE_MACHINE_ALIAS
from tuner.core.run import dataset_file
from tuner.settings import DeploymentSettings

_EVERY_FUNCTION_HAS = {"DEPLOYMENT", "DATA_BUCKET", "ARTIFACTS_BUCKET"}
_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}


def bucket(synthesis: Synthesis, name: str) -> dict[str, Any]:
    found = synthesis.of_type("AWS::S3::Bucket")
    return next(entry for logical_id, entry in found.items() if logical_id.startswith(f"Storage{name}"))


def test_nothing_is_deployed_but_what_the_project_wrote(aws: Synthesis) -> None:
    """The CDK's own custom resources bring functions of their own, with roles of their own."""
    kinds = {entry["Type"] for entry in aws.template["Resources"].values()}
    custom = {kind for kind in kinds if kind.startswith("Custom::") or "CustomResource" in kind}
    assert custom == {"Custom::ReleaseBeforeDeletion"}
    assert set(aws.functions()) == {function_name("tuner", step.name) for step in STEPS}


def test_the_stack_releases_paid_resources_before_any_of_its_own_is_deleted(aws: Synthesis) -> None:
    """CloudFormation deletes what depends on others before them: while the answer may be no, all must still work."""
    (farewell,) = aws.of_type("Custom::ReleaseBeforeDeletion").values()
    function = farewell["Properties"]["ServiceToken"]["Fn::GetAtt"][0]
    names = {name: entry["Type"] for name, entry in aws.template["Resources"].items()}
    # The hourly sweep keeps this function Active. One that only a deletion calls would be Inactive by then.
    assert function == aws.logical_id("tuner-release-throughput")
    others = {
        name for name, kind in names.items() if kind not in ("Custom::ReleaseBeforeDeletion", "AWS::CDK::Metadata")
    }
    assert others - {*farewell["DependsOn"]} == set(aws.of_type("AWS::Lambda::LayerVersion"))


@pytest.mark.parametrize("name", ["Data", "Artifacts"])
def test_the_buckets_are_encrypted_versioned_and_private(aws: Synthesis, name: str) -> None:
    properties = bucket(aws, name)["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["LoggingConfiguration"]["LogFilePrefix"] == f"{name.lower()}/"
    (clean_up,) = properties["LifecycleConfiguration"]["Rules"]
    assert clean_up["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert clean_up["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_only_the_data_bucket_announces_its_objects(aws: Synthesis) -> None:
    announced = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert bucket(aws, "Data")["Properties"]["NotificationConfiguration"] == announced
    assert "NotificationConfiguration" not in bucket(aws, "Artifacts")["Properties"]


def test_buckets_topic_and_queues_take_encrypted_connections_only(aws: Synthesis) -> None:
    kinds = {"AWS::S3::BucketPolicy": 3, "AWS::SNS::TopicPolicy": 1, "AWS::SQS::QueuePolicy": 2}
    for kind, count in kinds.items():
        policies = [entry["Properties"]["PolicyDocument"] for entry in aws.of_type(kind).values()]
        assert len(policies) == count
        for policy in policies:
            insecure = {"Bool": {"aws:SecureTransport": "false"}}
            assert any(
                entry["Effect"] == "Deny" and entry.get("Condition") == insecure for entry in policy["Statement"]
            )


def test_the_key_rotates(aws: Synthesis) -> None:
    (key,) = aws.of_type("AWS::KMS::Key").values()
    assert key["Properties"]["EnableKeyRotation"] is True


def test_the_table_of_shared_state_is_encrypted_recoverable_and_paid_by_request(aws: Synthesis) -> None:
    (table,) = (entry["Properties"] for entry in aws.of_type("AWS::DynamoDB::Table").values())
    assert table["SSESpecification"] == {"SSEEnabled": True}  # with the KMS key aws/dynamodb
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]


def test_data_and_key_are_kept_after_the_stack_but_not_after_a_failed_first_deployment(aws: Synthesis) -> None:
    """`Retain` alone would leave them behind after the roll-back, and the next try would make them again."""
    kept = {
        name for name, entry in aws.template["Resources"].items() if entry.get("DeletionPolicy", "Delete") != "Delete"
    }
    versions = set(aws.of_type("AWS::Lambda::Version"))
    data = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table")
    assert kept - versions == {name for kind in data for name in aws.of_type(kind)}
    policies = {
        (entry["DeletionPolicy"], entry["UpdateReplacePolicy"])
        for name, entry in aws.template["Resources"].items()
        if name in kept - versions
    }
    assert policies == {("RetainExceptOnCreate", "Retain")}


def test_a_run_in_progress_keeps_the_functions_that_it_began_with(
    aws: Synthesis, synthesize: Callable[..., Synthesis]
) -> None:
    """Its definition names versions, which a later deployment neither changes nor deletes."""
    (machine,) = aws.of_type("AWS::StepFunctions::StateMachine").values()
    named = {value["Ref"] for value in machine["Properties"]["DefinitionSubstitutions"].values()}
    versions = aws.of_type("AWS::Lambda::Version")
    assert named == set(versions)
    assert {(entry["DeletionPolicy"], entry["UpdateReplacePolicy"]) for entry in versions.values()} == {
        ("Retain", "Retain")
    }
    later = synthesize(longest_keep_hours=12).of_type("AWS::Lambda::Version")
    assert not set(later) & set(versions), "other settings are other versions"


def test_new_runs_are_started_through_an_alias_that_moves_with_the_state_machine(aws: Synthesis) -> None:
    (machine,) = aws.of_type("AWS::StepFunctions::StateMachine")
    ((version, published),) = aws.of_type("AWS::StepFunctions::StateMachineVersion").items()
    assert published["Properties"]["StateMachineRevisionId"] == {"Fn::GetAtt": [machine, "StateMachineRevisionId"]}
    (alias,) = aws.of_type("AWS::StepFunctions::StateMachineAlias").values()
    assert alias["Properties"]["Name"] == STATE_MACHINE_ALIAS
    (route,) = alias["Properties"]["RoutingConfiguration"]
    assert route == {"StateMachineVersionArn": {"Fn::GetAtt": [version, "Arn"]}, "Weight": 100}


def test_every_function_runs_as_the_table_says(aws: Synthesis) -> None:
    for step in STEPS:
        function = aws.functions()[function_name("tuner", step.name)]
        assert (function["Timeout"], function["MemorySize"]) == (step.minutes * 60, step.memory)
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert "ReservedConcurrentExecutions" not in function
        assert function["Runtime"] == "python3.13"
        assert function["Handler"] == f"lambdas.{step.name}.handler"


def test_every_function_has_the_environment_variables_that_its_code_reads(aws: Synthesis) -> None:
    known = {name.upper() for name in Environment.model_fields}
    for step in STEPS:
        variables = aws.functions()[function_name("tuner", step.name)]["Environment"]["Variables"]
        assert set(variables) - _POWERTOOLS == _EVERY_FUNCTION_HAS | set(step.environment)
        assert set(variables) - _POWERTOOLS <= known
        assert DeploymentSettings.model_validate_json(variables["DEPLOYMENT"]) == DeploymentSettings()


def test_every_log_is_encrypted_and_expires(aws: Synthesis) -> None:
    groups = [entry["Properties"] for entry in aws.of_type("AWS::Logs::LogGroup").values()]
    names = {group["LogGroupName"] for group in groups}
    assert names == {f"/aws/lambda/{name}" for name in aws.functions()} | {"/aws/vendedlogs/states/tuner-customization"}
    assert all(group["RetentionInDays"] == 90 and "KmsKeyId" in group for group in groups)


def test_functions_that_events_invoke_have_retries_and_a_dead_letter_queue(aws: Synthesis) -> None:
    configured = [entry["Properties"] for entry in aws.of_type("AWS::Lambda::EventInvokeConfig").values()]
    expected = {aws.logical_id(function_name("tuner", step.name)) for step in STEPS if step.asynchronous}
    assert {entry["FunctionName"]["Ref"] for entry in configured} == expected
    queue = dead_letter_queue(aws)
    for entry in configured:
        assert entry["MaximumRetryAttempts"] == 2
        assert entry["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue, "Arn"]}


def dead_letter_queue(synthesis: Synthesis) -> str:
    """Logical id of the queue that has no dead-letter queue of its own."""
    queues = synthesis.of_type("AWS::SQS::Queue")
    (found,) = [name for name, entry in queues.items() if "RedrivePolicy" not in entry["Properties"]]
    return found


def rule(synthesis: Synthesis, name: str) -> dict[str, Any]:
    found = synthesis.of_type("AWS::Events::Rule")
    return next(entry["Properties"] for logical_id, entry in found.items() if name in logical_id)


def reaches_the_arrivals(synthesis: Synthesis, key: str) -> bool:
    """Whether EventBridge puts the upload of this object into the arrivals queue."""
    pattern = rule(synthesis, "FileArrived")["EventPattern"]
    detail = {"bucket": {"name": "data"}, "object": {"key": key}}
    event = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": json.dumps(detail)}
    in_the_bucket = {**pattern, "detail": {**pattern["detail"], "bucket": {"name": ["data"]}}}
    return bool(eventbridge._matches_pattern(json.dumps(in_the_bucket), event))


@pytest.mark.parametrize("folder", ["incoming/faq", "incoming/a b+c%20 данные"])
@pytest.mark.parametrize("name", [*(f"training.{ending}" for ending in ENDINGS), "run.yaml", "documents/a/b.pdf"])
def test_every_file_of_a_dataset_reaches_the_arrivals_queue(aws: Synthesis, folder: str, name: str) -> None:
    key = f"{folder}/{name}"
    assert reaches_the_arrivals(aws, key)
    assert dataset_file(key)


@pytest.mark.parametrize("key", ["outgoing/faq/training.jsonl", "runs/faq/dataset/training.jsonl", "training.jsonl"])
def test_other_objects_of_the_bucket_do_not(aws: Synthesis, key: str) -> None:
    assert not reaches_the_arrivals(aws, key)


def test_the_arrivals_queue_waits_until_a_folder_is_at_rest(aws: Synthesis) -> None:
    (queue,) = [
        entry["Properties"] for name, entry in aws.of_type("AWS::SQS::Queue").items() if name != dead_letter_queue(aws)
    ]
    assert queue["DelaySeconds"] == DeploymentSettings().quiet_seconds
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [dead_letter_queue(aws), "Arn"]}
    assert queue["VisibilityTimeout"] == 6 * aws.functions()["tuner-start-run"]["Timeout"]


def test_many_uploads_leave_most_of_a_new_accounts_concurrency_to_other_functions(aws: Synthesis) -> None:
    (mapping,) = [entry["Properties"] for entry in aws.of_type("AWS::Lambda::EventSourceMapping").values()]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] * 4 < LIMITS["function.concurrency"].most
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionName"] == {"Ref": aws.logical_id("tuner-start-run")}


def test_no_function_reserves_concurrency_of_a_new_account(aws: Synthesis) -> None:
    """Lambda refuses a reservation that leaves the account fewer than 100 unreserved executions; a new one has 10."""
    assert not [name for name, entry in aws.functions().items() if "ReservedConcurrentExecutions" in entry]


def test_no_event_pattern_has_a_wildcard(aws: Synthesis) -> None:
    """EventBridge adds up what the wildcards of a rule can match, and refuses a rule from about ten on."""
    for entry in aws.of_type("AWS::Events::Rule").values():
        assert "wildcard" not in json.dumps(entry["Properties"].get("EventPattern", {}))


def test_a_failed_or_stopped_run_is_released_and_closed(aws: Synthesis) -> None:
    found = rule(aws, "RunEndedBadly")
    assert found["EventPattern"]["source"] == ["aws.states"]
    assert found["EventPattern"]["detail-type"] == ["Step Functions Execution Status Change"]
    assert found["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    called = {target["Arn"]["Fn::GetAtt"][0] for target in found["Targets"]}
    assert called == {aws.logical_id("tuner-release-throughput"), aws.logical_id("tuner-close-run")}


def test_a_run_that_succeeded_is_closed_and_the_models_that_it_did_not_choose_are_deleted(aws: Synthesis) -> None:
    found = rule(aws, "RunSucceeded")
    assert found["EventPattern"]["detail"]["status"] == ["SUCCEEDED"]
    called = {target["Arn"]["Fn::GetAtt"][0] for target in found["Targets"]}
    assert called == {aws.logical_id("tuner-release-throughput"), aws.logical_id("tuner-close-run")}


def test_the_sweep_runs_hourly(aws: Synthesis) -> None:
    found = rule(aws, "HourlySweep")
    assert found["ScheduleExpression"] == "rate(1 hour)"
    functions = ("tuner-release-throughput", "tuner-close-run", "tuner-assign-places")
    assert [target["Arn"]["Fn::GetAtt"][0] for target in found["Targets"]] == [aws.logical_id(x) for x in functions]
    assert all(json.loads(target["Input"]) == {"sweep": True} for target in found["Targets"])


def test_every_ending_of_a_run_closes_its_entry_in_the_ledger(aws: Synthesis) -> None:
    closing = {"Fn::GetAtt": [aws.logical_id("tuner-close-run"), "Arn"]}
    statuses = [
        status
        for entry in aws.of_type("AWS::Events::Rule").values()
        if any(target["Arn"] == closing for target in entry["Properties"]["Targets"])
        for status in entry["Properties"].get("EventPattern", {}).get("detail", {}).get("status", ())
    ]
    assert sorted(statuses) == ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"]


def test_the_end_of_every_run_frees_its_place(aws: Synthesis) -> None:
    found = next(
        entry["Properties"]
        for entry in aws.of_type("AWS::Events::Rule").values()
        if '"SUCCEEDED", "FAILED"' in json.dumps(entry["Properties"].get("EventPattern", {}))
    )
    assert found["EventPattern"]["detail"]["status"] == ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    (target,) = found["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [aws.logical_id("tuner-assign-places"), "Arn"]}


def test_undelivered_events_of_rules_go_to_the_dead_letter_queue(aws: Synthesis) -> None:
    queue = dead_letter_queue(aws)
    targets = [
        target for entry in aws.of_type("AWS::Events::Rule").values() for target in entry["Properties"]["Targets"]
    ]
    assert len(targets) == 9
    assert all(target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [queue, "Arn"]} for target in targets)


def test_every_rule_may_call_its_targets(aws: Synthesis) -> None:
    arrivals = next(name for name in aws.of_type("AWS::Events::Rule") if "FileArrived" in name)
    permitted = {
        (entry["Properties"]["FunctionName"]["Fn::GetAtt"][0], entry["Properties"]["SourceArn"]["Fn::GetAtt"][0])
        for entry in aws.of_type("AWS::Lambda::Permission").values()
    }
    called = {
        (target["Arn"]["Fn::GetAtt"][0], name)
        for name, entry in aws.of_type("AWS::Events::Rule").items()
        for target in entry["Properties"]["Targets"]
        if name != arrivals
    }
    assert permitted == called
    policies = aws.of_type("AWS::SQS::QueuePolicy").values()
    may_send = [
        statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0]
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert may_send.count(arrivals) == 2, "the arrivals queue, and the dead-letter queue"


def test_the_release_schedules_are_deleted_with_the_stack(aws: Synthesis) -> None:
    (group,) = aws.of_type("AWS::Scheduler::ScheduleGroup").values()
    variables = aws.functions()["tuner-arm-release"]["Environment"]["Variables"]
    assert group["Properties"]["Name"] == variables["SCHEDULE_GROUP"] == "tuner-releases"
    assert "DeletionPolicy" not in group


def test_the_state_machine_logs_every_event_and_traces_everything(aws: Synthesis) -> None:
    (machine,) = aws.of_type("AWS::StepFunctions::StateMachine").values()
    properties = machine["Properties"]
    assert properties["LoggingConfiguration"]["Level"] == "ALL"
    # What states are given would be in the log too, and with it the task token of an approval.
    assert properties["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert properties["TracingConfiguration"] == {"Enabled": True}
    variables = aws.functions()["tuner-start-run"]["Environment"]["Variables"]
    assert json.dumps(variables["STATE_MACHINE_ARN"]).endswith(f':stateMachine:{properties["StateMachineName"]}"]]}}')


def test_every_alarm_notifies_the_topic(aws: Synthesis) -> None:
    (topic,) = aws.of_type("AWS::SNS::Topic")
    alarms = [entry["Properties"] for entry in aws.of_type("AWS::CloudWatch::Alarm").values()]
    assert len(alarms) == 7
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms)


def test_the_command_line_finds_what_it_needs_in_the_outputs(aws: Synthesis) -> None:
    assert set(aws.template["Outputs"]) == {
        "DataBucketName",
        "ArtifactsBucketName",
        "StateMachineArn",
        "StartFunctionName",
        "ReleaseFunctionName",
        "TopicArn",
        "StateTableName",
        "CustomizationRoleArn",
        "DataOwnerPolicyArn",
        "OperatorPolicyArn",
        "ReviewerPolicyArn",
        "DeploymentSettings",
    }
    settings = aws.template["Outputs"]["DeploymentSettings"]["Value"]
    assert DeploymentSettings.model_validate_json(settings) == DeploymentSettings()
