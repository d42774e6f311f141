"""Tests that roles have exactly the grants of the table. test_published_grants.py compares them with AWS's data."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from stacks import state_machine_definition
from stacks.function_table import STEPS
from stacks.permissions import Grant, people
from stacks.permissions.arns import function_name
from stacks.permissions.permissions_page import every_role, example_arns
from tests.authorization.artifacts import names_in_a_run, shared_keys
from tests.unit.stacks.conftest import Synthesis
from tuner.artifacts.batch import INPUT, OUTPUT, BatchJob
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.costs.token_reservation import Reservation, batch_payer, judge_batch, judge_payer
from tuner.artifacts.evaluation.graded_shard import GradedShard
from tuner.artifacts.evaluation.judgments import judgments_file
from tuner.artifacts.evaluation.people import PEOPLE, sheet_file
from tuner.cli.permissions import ACTIONS
from tuner.core.artifact_keys import Keys
from tuner.evaluation.score_run import REVIEW

PLACES = example_arns()
ROLES = {title: grants for title, _, grants in every_role(PLACES)}
PEOPLE_OF = {
    "data owner": people.data_owner(PLACES),
    "operator": people.operator(PLACES),
    "reviewer": people.reviewer(PLACES),
}
GRANTS = [(title, grant) for title, grants in ROLES.items() for grant in grants]
OF_PEOPLE = [(title, grant) for title, grants in PEOPLE_OF.items() for grant in grants]
# AWS authorises these on nothing narrower than the account.
WITHOUT_RESOURCE = re.compile(
    r"xray:(Put(TraceSegments|TelemetryRecords)|GetSampling(Rules|Targets))|bedrock:List\w+s"
    r"|bedrock:GetFoundationModelAvailability|logs:\w+(Deliver\w+|Polic\w+|LogGroups)"
    r"|servicequotas:ListServiceQuotas|states:SendTask(Success|Failure)|pricing:GetProducts|scheduler:ListSchedules"
)


def inline_statements(synthesis: Synthesis, role: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = role["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_roles_have_nothing_but_their_grants(aws: Synthesis) -> None:
    """Neither managed policies nor what constructs add. The policies for people are attached to nobody."""
    assert not aws.of_type("AWS::IAM::Policy")
    for policy in aws.of_type("AWS::IAM::ManagedPolicy").values():
        assert not {"Users", "Groups", "Roles"} & set(policy["Properties"])
    roles = aws.of_type("AWS::IAM::Role")
    assert len(roles) == len(ROLES)
    for role in roles.values():
        assert "ManagedPolicyArns" not in role["Properties"]
        assert [policy["PolicyName"] for policy in role["Properties"]["Policies"]] == ["Grants"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_functions_role_holds_exactly_its_row(aws: Synthesis, step: Any) -> None:
    function = aws.functions()[function_name("tuner", step.name)]
    role = aws.template["Resources"][function["Role"]["Fn::GetAtt"][0]]
    assumed = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [entry["Principal"] for entry in assumed] == [{"Service": "lambda.amazonaws.com"}]
    held = {action for entry in inline_statements(aws, role) for action in as_list(entry["Action"])}
    assert held == {action for grant in step.all_grants(PLACES) for action in grant.actions}


@pytest.mark.parametrize(("title", "grant"), GRANTS + OF_PEOPLE)
def test_every_grant_is_narrow_and_has_a_reason(title: str, grant: Grant) -> None:
    assert len(grant.reason) > 10
    assert not any("*" in action for action in grant.actions), title
    if "*" in grant.resources:
        assert all(WITHOUT_RESOURCE.fullmatch(action) for action in grant.actions), title
        assert "no narrower" in grant.reason


def test_the_policies_for_people_fit_and_hold_exactly_their_grants(aws: Synthesis) -> None:
    """IAM takes 6,144 characters of a managed policy, spaces not counted."""
    found = aws.of_type("AWS::IAM::ManagedPolicy")
    assert len(found) == len(PEOPLE_OF)
    held = []
    for policy in found.values():
        document = policy["Properties"]["PolicyDocument"]
        assert len(json.dumps(document).replace(" ", "")) < 6000
        held.append({action for entry in document["Statement"] for action in as_list(entry["Action"])})
    assert held == [{action for grant in grants for action in grant.actions} for grants in PEOPLE_OF.values()]


def test_no_policy_is_too_long_for_its_role(aws: Synthesis) -> None:
    """IAM takes 10,240 characters of inline policies per role, spaces not counted."""
    for name, role in aws.of_type("AWS::IAM::Role").items():
        assert len(json.dumps(role["Properties"]["Policies"]).replace(" ", "")) < 9000, name


def test_traces_are_sampled_where_step_functions_needs_it() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html; Lambda samples in its own service."""
    sampling = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
    for title, grants in ROLES.items():
        held = {action for grant in grants for action in grant.actions}
        assert held & sampling == (sampling if title == "The state machine" else set()), title


# The steps that may write each artifact. Where there are several, each writes what it did to the same resource, or
# does what the other could not.
WRITERS: dict[str, set[str]] = {
    Keys.MANIFEST: {"pin_inputs"},
    Keys.PREFLIGHT: {"preflight"},
    Keys.TRAINING: {"preprocess"},
    Keys.VALIDATION: {"preprocess"},
    Keys.EVALUATION: {"preprocess"},
    Keys.DATASET_SUMMARY: {"preprocess"},
    Keys.FINDINGS: {"preprocess"},
    Keys.GENERATED: {"generate_validation"},
    Keys.GENERATED_TRAINING: {"generate_validation"},
    Keys.GENERATED_EVALUATION: {"generate_validation"},
    GenerationPlan.NAME: {"generate_validation"},
    Keys.GENERATED_SUMMARY: {"generate_validation"},
    f"{Keys.GENERATED_REPLIES}1.json": {"generate_validation"},
    Keys.ESTIMATE: {"estimate_cost"},
    Keys.APPROVAL: {"request_approval"},
    Keys.APPROVAL_ANSWER: set(),  # a person, with rights of their own
    Keys.batch("base") + BatchJob.NAME: {"start_batch", "check_batch", "release_throughput"},
    Keys.batch(judge_batch(0)) + BatchJob.NAME: {"start_batch", "check_batch", "release_throughput"},
    Keys.batch("base") + INPUT: {"start_batch"},
    Keys.batch("base") + OUTPUT: {"batch jobs"},
    Keys.batch(judge_batch(0)) + INPUT: {"start_batch"},
    Reservation.name("generation"): {"generate_validation"},
    Reservation.name("base"): {"answer_questions"},
    Reservation.name(judge_payer(0)): {"score_answers"},
    Reservation.name(judge_payer(1)): {"score_answers"},
    Reservation.name("scorer"): {"score_answers"},
    Reservation.name(batch_payer("base")): {"start_batch", "check_batch"},
    Reservation.name(batch_payer(judge_batch(0))): {"start_batch", "check_batch"},
    Keys.TRAINING_JOB: {"start_customization", "release_throughput"},
    Keys.candidate(1) + Keys.TRAINING_JOB: {"start_customization", "release_throughput"},
    f"{Keys.candidate(1)}{Keys.TRAINING_OUTPUT}metrics.csv": {"customization jobs"},
    f"{Keys.TRAINING_OUTPUT}metrics.csv": {"customization jobs"},
    Keys.TRAINING_SUMMARY: {"summarize_training"},
    Keys.ENDPOINT: {"purchase_throughput", "check_throughput", "keep_throughput", "release_throughput"},
    Keys.COMMITMENT: {"purchase_throughput"},
    Keys.answers("base", 0): {"answer_questions", "check_batch"},
    GradedShard.name(0): {"score_answers"},
    "scores/verdicts/00000.json": {"score_answers", "check_batch"},
    REVIEW: {"score_answers"},
    Keys.SCORES: {"score_answers"},
    Keys.GUARD: {"preprocess"},
    Keys.PASSAGES: {"preprocess"},
    Keys.contexts("retrieval"): {"preprocess"},
    Keys.guard_answers("tuned"): {"answer_questions", "check_batch"},
    Keys.GUARD_SCORES: {"score_answers"},
    PEOPLE: set(),  # a person, with rights of their own
    sheet_file("random-60-0"): set(),  # so is the draw
    Keys.GATE: {"apply_gate"},
    Keys.LOOKS: {"score_answers"},
    Keys.REPORT: {"write_report", "close_run"},
    Keys.REPORT_PAGE: {"write_report", "close_run"},
    Keys.REPORT_CARD: {"write_report", "close_run"},
    Keys.NOTIFIED: {"notify", "close_run"},
}


def writers(name: str) -> set[str]:
    key = f"{PLACES.artifacts_bucket}/runs/faq-0123456789ab/{name}"
    return {
        title.split("`")[1] if "`" in title else title.partition(" (")[0].lower()
        for title, grant in GRANTS
        if "s3:PutObject" in grant.actions and any(fnmatchcase(key, pattern) for pattern in grant.resources)
    }


def test_every_artifact_is_in_the_table_of_writers() -> None:
    """No name in a run's folder is missing, so that a new artifact needs a decision on who may write it."""
    of_one_file = {re.sub(r"\d+", "0", name).replace("retrieval", "base").replace("tuned", "base") for name in WRITERS}
    of_one_file |= {name.replace("metrics.csv", "0.json") for name in of_one_file}
    assert {name for name in names_in_a_run() if re.sub(r"\d+", "0", name) not in of_one_file} == set()


def test_every_grant_to_write_below_a_run_has_an_artifact_in_the_table() -> None:
    run = f"{PLACES.artifacts_bucket}/runs/*/"
    patterns = {arn for _, grant in GRANTS if "s3:PutObject" in grant.actions for arn in grant.resources}
    written = {arn.removeprefix(run) for arn in patterns if arn.startswith(run)}
    assert len(written) > 20
    assert {pattern for pattern in written if not any(fnmatchcase(name, pattern) for name in WRITERS)} == set()


@pytest.mark.parametrize("name", WRITERS)
def test_an_artifact_has_the_writers_of_the_table_and_no_others(name: str) -> None:
    assert writers(name) == WRITERS[name]


_NAMES = names_in_a_run() | {judgments_file(0)}


def below(*folders: str) -> set[str]:
    return {name for name in _NAMES if name.startswith(folders)}


_JOBS = {name for name in _NAMES if name.endswith(Keys.TRAINING_JOB)}
_ANSWERS = {Keys.answers("base", 0), Keys.guard_answers("base")}
_EARLIER_RUNS = {Keys.INDEX, Keys.REPORT_CARD}
_TRAININGS = Keys.training("base")
# The steps whose role can read these artifacts only. The others read what any run has recorded, whatever it is: the
# release, so that no endpoint stays alive because of a read that it lacks, and the two that write the report.
READS_ALL = {"release_throughput", "write_report", "close_run"}
READS_ONLY: dict[str, set[str]] = {
    "pin_inputs": {Keys.MANIFEST},
    "preflight": {Keys.MANIFEST},
    "generate_validation": {Keys.MANIFEST, Keys.ESTIMATE} | below("generated/"),
    "preprocess": {Keys.MANIFEST} | below("generated/", "dataset/"),
    "validate": {Keys.FINDINGS},
    "estimate_cost": {Keys.MANIFEST, Keys.PREFLIGHT, Keys.PRICES} | below("generated/", "dataset/"),
    "request_approval": {Keys.ESTIMATE},
    "answer_questions": {Keys.MANIFEST, Keys.ESTIMATE, Keys.TRAINING_SUMMARY, Keys.ENDPOINT}
    | _EARLIER_RUNS
    | below("dataset/", "answers/"),
    "start_batch": {Keys.MANIFEST, Keys.PREFLIGHT, Keys.ESTIMATE} | _ANSWERS | below("dataset/", "batch/"),
    "check_batch": {Keys.MANIFEST, Keys.ESTIMATE, judgments_file(0)} | _ANSWERS | below("dataset/", "batch/"),
    "start_customization": {Keys.MANIFEST, Keys.PREFLIGHT, _TRAININGS} | _JOBS | below("dataset/"),
    "check_customization": {Keys.MANIFEST, Keys.PREFLIGHT} | _JOBS,
    "summarize_training": {Keys.MANIFEST, Keys.PREFLIGHT, Keys.DATASET_SUMMARY}
    | _JOBS
    | {name for name in _NAMES if Keys.TRAINING_OUTPUT in name},
    "purchase_throughput": {Keys.MANIFEST, Keys.TRAINING_SUMMARY, Keys.GATE, Keys.ENDPOINT_TIMES} | below("serving/"),
    "check_throughput": {Keys.MANIFEST, Keys.TRAINING_SUMMARY, Keys.ENDPOINT, Keys.ENDPOINT_TIMES},
    "keep_throughput": {Keys.MANIFEST, Keys.ENDPOINT},
    "score_answers": {Keys.MANIFEST, Keys.ESTIMATE} | _ANSWERS | _EARLIER_RUNS | below("dataset/", "scores/"),
    "apply_gate": {Keys.MANIFEST, Keys.TRAINING_SUMMARY, _TRAININGS} | _JOBS | below("scores/"),
    "notify": {Keys.REPORT, Keys.REPORT_CARD, Keys.NOTIFIED},
    # These read no artifact of a run at all.
    "start_run": set(),
    "assign_places": set(),
    "arm_release": set(),
}


def test_each_step_reads_all_artifacts_or_those_of_the_table() -> None:
    assert {step.name for step in STEPS} == READS_ALL | set(READS_ONLY)
    assert all(Keys.APPROVAL not in readable for readable in READS_ONLY.values()), "it has the task token"


@pytest.mark.parametrize("step", READS_ONLY)
def test_a_step_may_read_the_artifacts_that_it_needs_and_no_others(step: str) -> None:
    """Above all not the request for an approval, which has the task token."""
    patterns = [
        pattern.removeprefix(f"{PLACES.artifacts_bucket}/")
        for grant in ROLES[f"The step `{step}`"]
        if "s3:GetObject" in grant.actions
        for pattern in grant.resources
        if pattern.startswith(PLACES.artifacts_bucket)
    ]
    keys = {name: f"runs/faq-0123456789ab/{name}" for name in _NAMES} | {key: key for key in shared_keys()}
    readable = {name for name, key in keys.items() if any(fnmatchcase(key, one) for one in patterns)}
    assert readable == READS_ONLY[step]


def test_a_role_is_passed_to_one_service_only() -> None:
    passed = {
        (grant.resources, json.dumps(dict(grant.conditions))) for _, grant in GRANTS if "iam:PassRole" in grant.actions
    }
    to_service = '{{"StringEquals": {{"iam:PassedToService": "{}.amazonaws.com"}}}}'.format
    assert passed == {
        ((PLACES.customization_role,), to_service("bedrock")),
        ((PLACES.batch_role,), to_service("bedrock")),
        ((PLACES.scheduler_role,), to_service("scheduler")),
    }


@pytest.mark.parametrize(
    ("verb", "key"),
    [
        ("Create", "aws:RequestTag"),
        ("Delete", "aws:ResourceTag"),
        ("Stop", "aws:ResourceTag"),
        ("Tag", "aws:RequestTag"),
    ],
)
def test_paid_resources_are_created_and_deleted_with_the_deployments_tag_only(verb: str, key: str) -> None:
    found = [
        grant
        for title, grant in GRANTS
        if any(action.startswith(f"bedrock:{verb}") for action in grant.actions)
        and not any(marks in title for marks in ("apply_gate", "keep_throughput"))
    ]
    assert found
    for grant in found:
        assert grant.conditions == {"StringEquals": {f"{key}/bedrock-tuner:deployment": "tuner"}}


def test_the_keep_step_sets_only_its_tag_on_this_deployments_endpoints() -> None:
    (grant,) = [grant for grant in ROLES["The step `keep_throughput`"] if "bedrock:TagResource" in grant.actions]
    assert grant.resources == (PLACES.bedrock("provisioned-model/*"), PLACES.bedrock("custom-model-deployment/*"))
    assert grant.conditions == {
        "StringEquals": {"aws:ResourceTag/bedrock-tuner:deployment": "tuner"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "bedrock-tuner:kept-until"},
    }


def test_the_gate_sets_only_its_tag_on_this_deployments_models() -> None:
    (grant,) = [grant for grant in ROLES["The step `apply_gate`"] if "bedrock:TagResource" in grant.actions]
    assert grant.resources == (PLACES.bedrock("custom-model/*"),)
    assert grant.conditions == {
        "StringEquals": {"aws:ResourceTag/bedrock-tuner:deployment": "tuner"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "bedrock-tuner:gate"},
    }


def test_only_the_release_may_delete_and_only_the_purchase_may_buy() -> None:
    who: dict[str, set[str]] = {}
    for title, grant in GRANTS:
        for action in grant.actions:
            who.setdefault(action, set()).add(title)
    for action in (
        "bedrock:DeleteProvisionedModelThroughput",
        "bedrock:DeleteCustomModelDeployment",
        "bedrock:StopModelCustomizationJob",
    ):
        assert who[action] == {"The step `release_throughput`"}
    for action in ("bedrock:CreateProvisionedModelThroughput", "bedrock:CreateCustomModelDeployment"):
        assert who[action] == {"The step `purchase_throughput`"}
    assert who["bedrock:CreateModelCustomizationJob"] == {"The step `start_customization`"}


def test_the_state_machine_may_invoke_its_functions_and_no_others(aws: Synthesis) -> None:
    (machine,) = aws.of_type("AWS::StepFunctions::StateMachine").values()
    role = aws.template["Resources"][machine["Properties"]["RoleArn"]["Fn::GetAtt"][0]]
    (invoke,) = [entry for entry in inline_statements(aws, role) if entry["Action"] == "lambda:InvokeFunction"]
    invoked = [json.dumps(arn).rstrip('"]}') for arn in invoke["Resource"]]
    assert all(arn.endswith(":*") for arn in invoked), "versions, whose code never changes"
    granted = {arn.removesuffix(":*").rpartition(":")[2] for arn in invoked}
    versions = [value["Ref"] for value in machine["Properties"]["DefinitionSubstitutions"].values()]
    substituted = {aws.template["Resources"][version]["Properties"]["FunctionName"]["Ref"] for version in versions}
    assert substituted == {aws.logical_id(name) for name in granted}
    assert granted == {function_name("tuner", step) for step in state_machine_definition.called().values()}


def test_the_schedules_may_release_and_nothing_else() -> None:
    (grant,) = ROLES["Release schedules"]
    assert (grant.actions, grant.resources) == (("lambda:InvokeFunction",), (PLACES.function("release_throughput"),))


@pytest.mark.parametrize(
    ("service", "sources"),
    [
        ("bedrock", ["bedrock:us-east-1:", "bedrock:us-east-1:"]),
        ("scheduler", ["scheduler:us-east-1:"]),
        ("states", ["states:us-east-1:"]),
    ],
)
def test_a_service_assumes_a_role_for_this_account_only(aws: Synthesis, service: str, sources: list[str]) -> None:
    trusts = [
        entry
        for role in aws.of_type("AWS::IAM::Role").values()
        for entry in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if entry["Principal"]["Service"] == f"{service}.amazonaws.com"
    ]
    for trust, source in zip(trusts, sources, strict=True):
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert f"arn:aws:{source}" in json.dumps(trust["Condition"]["ArnLike"]["aws:SourceArn"])


def test_a_batch_job_reads_its_questions_and_writes_its_output_only() -> None:
    allowed = {
        (action, arn.removeprefix(f"{PLACES.artifacts_bucket}/"))
        for grant in ROLES["Batch jobs (Bedrock's service role)"]
        for action in grant.actions
        for arn in grant.resources
        if action.endswith("Object")
    }
    assert allowed == {
        ("s3:GetObject", "runs/*/batch/*/input.jsonl"),
        ("s3:GetObject", "runs/*/batch/*/output/*"),
        ("s3:PutObject", "runs/*/batch/*/output/*"),
    }


def test_bedrock_reads_the_dataset_and_writes_the_output_of_a_run() -> None:
    allowed = {
        (action, arn.removeprefix(f"{PLACES.artifacts_bucket}/"))
        for grant in ROLES["Customization jobs (Bedrock's service role)"]
        for action in grant.actions
        for arn in grant.resources
        if action.endswith("Object")
    }
    assert allowed == {
        ("s3:GetObject", "runs/*/dataset/*"),
        ("s3:GetObject", "runs/*/training/output/*"),
        ("s3:PutObject", "runs/*/training/output/*"),
    }


def test_only_preflight_and_scoring_may_call_the_scorers_of_the_settings_and_only_if_there_are_any() -> None:
    arn = "arn:aws:lambda:us-east-1:111122223333:function:check"
    deployment = PLACES.deployment.model_copy(update={"scorers": {"check": arn, "same": arn}})
    named = {step.name: step.all_grants(replace(PLACES, deployment=deployment)) for step in STEPS}
    calling = {
        name: grant for name, grants in named.items() for grant in grants if "lambda:InvokeFunction" in grant.actions
    }
    assert {name: grant.resources for name, grant in calling.items()} == {"preflight": (arn,), "score_answers": (arn,)}
    assert not [
        grant for step in STEPS for grant in step.all_grants(PLACES) if "lambda:InvokeFunction" in grant.actions
    ]


def test_a_data_owner_may_export_a_sample_and_write_neither_scores_nor_what_people_said() -> None:
    grants = [grant for grant in PEOPLE_OF["data owner"] if "s3:PutObject" in grant.actions]
    written = {resource for grant in grants for resource in grant.resources}
    run = f"{PLACES.artifacts_bucket}/runs/faq-0123456789ab"
    assert any(fnmatchcase(f"{run}/{sheet_file('random-60-0')}", pattern) for pattern in written)
    for name in (PEOPLE, Keys.SCORES, Keys.GATE):
        assert not any(fnmatchcase(f"{run}/{name}", pattern) for pattern in written)


def test_an_operator_may_answer_and_write_nothing_else_of_the_pipeline() -> None:
    """A record of a job or an endpoint decides whose answers are scored, and which model is purchased for."""
    of_operator, of_owner = (
        {resource for grant in PEOPLE_OF[person] if "s3:PutObject" in grant.actions for resource in grant.resources}
        for person in ("operator", "data owner")
    )
    written = {resource.partition("/runs/*/")[2] for resource in of_operator - of_owner}
    assert written == {Keys.APPROVAL_ANSWER}


def test_a_reviewer_may_write_what_an_import_writes_and_nothing_else() -> None:
    grants = [grant for grant in PEOPLE_OF["reviewer"] if "s3:PutObject" in grant.actions]
    written = {resource.partition("/runs/")[2] for grant in grants for resource in grant.resources}
    of_a_run = {name.removeprefix("*/") for name in written if name.startswith("*/")}
    report = {Keys.REPORT, Keys.REPORT_PAGE, Keys.REPORT_CARD}
    assert of_a_run == {PEOPLE, Keys.SCORES, Keys.GATE, sheet_file("*"), *report}
    assert written - {f"*/{name}" for name in of_a_run} == {"index.html", "index.json"}


# Commands without a policy: `doctor` checks an account before it has a stack, and the estimate reads public prices.
_WITHOUT_POLICY = {"doctor", "estimate --stack"}
_OF_OPERATORS = {"approve", "reject", "models delete"}


@pytest.mark.parametrize("command", sorted(ACTIONS))
def test_every_command_can_be_called_with_a_policy_for_people_or_is_known_to_need_other_rights(command: str) -> None:
    # AWS grants the first to everybody. Without the second, only the name of a log is missing, which nobody here reads.
    needed = ACTIONS[command] - {"sts:GetCallerIdentity", "lambda:GetFunctionConfiguration"}
    able = {
        person
        for person, grants in PEOPLE_OF.items()
        if needed <= {action for grant in grants for action in grant.actions}
    }
    if command in _WITHOUT_POLICY:
        assert not able
    elif command == "review import":
        assert able == {"reviewer"}
    elif command in _OF_OPERATORS:
        assert able == {"operator"}
    else:
        assert {"data owner", "operator"} <= able
