"""`tuner doctor`: every problem has a result with a remedy."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.cli.fake_aws import OUTPUTS, FakeAws, Outcome, Refused, Tuner, access_of
from tuner.aws.clients import client
from tuner.cli.checks import CheckResult
from tuner.settings import DeploymentSettings

MARKETPLACE = (
    "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace "
    "actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model."
)
ACCOUNT = ("Credentials", "Region", "CDK bootstrap", "Lambda concurrency", "Stack")
DEPLOYMENT = ("Data bucket", "Artifacts bucket", "Service role", "State machine")
MODELS = ("Base model", "Base model access", "Judge", "Training jobs", "Deployments", "Model units", "Judge's quotas")
NOVA = ("-c", "judge_model=amazon.nova-pro-v1:0")


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in outcome.json}


def line(outcome: Outcome, name: str) -> dict[str, str]:
    found: dict[str, str] = next(check for check in outcome.json if check["name"] == name)
    return found


@pytest.fixture(autouse=True)
def _account(aws: FakeAws) -> None:
    client("iam").create_role(RoleName="tuner-customization", AssumeRolePolicyDocument="{}")
    judge = DeploymentSettings(judge_model="amazon.nova-pro-v1:0")
    aws.stacks["BedrockTuner"] = {**OUTPUTS, "DeploymentSettings": judge.model_dump_json()}
    aws.asked.clear()


@pytest.mark.slow
def test_an_account_that_is_ready(tuner: Tuner) -> None:
    outcome = tuner("doctor", "--json")
    assert verdicts(outcome) == dict.fromkeys((*ACCOUNT, *DEPLOYMENT, *MODELS), "ok")
    assert outcome.status == 0


def test_before_the_deployment_everything_but_the_stack_is_checked(tuner: Tuner, aws: FakeAws) -> None:
    aws.stacks.clear()
    outcome = tuner("doctor", "--json", *NOVA)
    assert verdicts(outcome) == {**dict.fromkeys((*ACCOUNT, *MODELS), "ok"), "Stack": "warning"}
    assert "cdk deploy" in line(outcome, "Stack")["remedy"]
    assert outcome.status == 0


def test_a_named_stack_that_does_not_exist_is_a_failure(tuner: Tuner) -> None:
    outcome = tuner("doctor", "--stack", "Other", "--json", *NOVA)
    assert verdicts(outcome)["Stack"] == "failed"
    assert outcome.status == 1


def test_only_read_calls_and_one_paid_call_are_made(tuner: Tuner, aws: FakeAws) -> None:
    tuner("doctor")
    assert {name for name, _ in aws.asked if not name.startswith(("Get", "List", "Describe", "Head"))} == {"Converse"}
    assert len(aws.calls("Converse")) == 1


def test_the_judge_is_asked_as_in_a_run(tuner: Tuner, aws: FakeAws) -> None:
    tuner("doctor")
    asked = aws.calls("Converse")[0]
    assert asked["modelId"] == "amazon.nova-pro-v1:0"
    assert asked["toolConfig"]["toolChoice"] == {"tool": {"name": "grade"}}


def test_every_judge_that_a_run_may_ask_is_asked(tuner: Tuner, aws: FakeAws) -> None:
    others = ("amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-6")
    several = DeploymentSettings(judge_model="amazon.nova-pro-v1:0", judge_models=others)
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = several.model_dump_json()
    outcome = tuner("doctor", "--json")
    assert [asked["modelId"] for asked in aws.calls("Converse")] == ["amazon.nova-pro-v1:0", others[0], others[2]]
    found = [name for name in verdicts(outcome) if name.startswith("Judge")]
    assert found == [
        "Judge",
        f"Judge {others[0]}",
        f"Judge {others[2]}",
        "Judge's quotas",
        f"Judge's quotas {others[0]}",
        f"Judge's quotas {others[2]}",
    ]
    refused(aws, "Converse", "ValidationException", "The model identifier is invalid.")
    refusals = [line(tuner("doctor", "--json"), name) for name in found[:2]]
    assert [(each["verdict"], "judge_models" in each["remedy"]) for each in refusals] == [
        ("failed", False),
        ("failed", True),
    ]


def test_the_access_to_every_model_that_a_run_may_compare_with_is_checked_and_none_is_asked(
    tuner: Tuner, aws: FakeAws
) -> None:
    sonnet = "us.anthropic.claude-sonnet-4-6"
    named = DeploymentSettings(judge_model="amazon.nova-pro-v1:0", compared_models=(sonnet,))
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = named.model_dump_json()
    assert line(tuner("doctor", "--json"), f"Access to {sonnet}")["verdict"] == "ok"
    assert [asked["modelId"] for asked in aws.calls("Converse")] == ["amazon.nova-pro-v1:0"]
    assert "anthropic.claude-sonnet-4-6" in {asked["modelId"] for asked in aws.calls("GetFoundationModelAvailability")}


def test_the_judge_is_not_asked_with_no_ask(tuner: Tuner, aws: FakeAws) -> None:
    outcome = tuner("doctor", "--no-ask", "--json")
    assert aws.calls("Converse") == []
    assert verdicts(outcome)["Judge"] == "warning"


def named_scorer(aws: FakeAws) -> None:
    arn = "arn:aws:lambda:us-east-1:111122223333:function:check"
    named = DeploymentSettings(judge_model="amazon.nova-pro-v1:0", scorers={"check": arn})
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = named.model_dump_json()


def test_each_scorer_of_the_deployment_is_asked_for_scores_of_any_range(tuner: Tuner, aws: FakeAws) -> None:
    named_scorer(aws)
    found = line(tuner("doctor", "--json"), "Scorer check")
    assert (found["verdict"], found["message"].partition(":check ")[2]) == ("ok", "gave scores for 2 made-up answers.")
    assert len(aws.calls("Invoke")) == 1
    aws.asked.clear()
    assert line(tuner("doctor", "--no-ask", "--json"), "Scorer check")["verdict"] == "warning"
    assert aws.calls("Invoke") == []


@pytest.mark.parametrize(
    ("code", "status", "verdict", "remedy"),
    [
        ("ResourceNotFoundException", 404, "failed", "scorers"),
        ("AccessDeniedException", 403, "warning", "docs/cli.md"),
        ("TooManyRequestsException", 429, "warning", "in a minute"),
    ],
)
def test_a_scorer_that_cannot_be_called_has_a_line_with_a_remedy(
    code: str, status: int, verdict: str, remedy: str, tuner: Tuner, aws: FakeAws
) -> None:
    named_scorer(aws)
    refused(aws, "Invoke", code, "no", status)
    found = line(tuner("doctor", "--json"), "Scorer check")
    assert found["verdict"] == verdict
    assert code in found["message"]
    assert remedy in found["remedy"]


def test_a_scorer_without_a_usable_score_fails(tuner: Tuner, aws: FakeAws) -> None:
    named_scorer(aws)
    aws.score = None
    found = line(tuner("doctor", "--json"), "Scorer check")
    assert found["verdict"] == "failed"
    assert "returned no aggregate_reward_score" in found["message"]


def refused(aws: FakeAws, operation: str, code: str, message: str = "", status: int = 400) -> None:
    def refuse() -> None:
        raise Refused(code, message, status)

    aws.after[operation] = refuse


def not_tunable(aws: FakeAws) -> None:
    aws.model["customizationsSupported"] = []


def no_quota(*codes: str) -> Callable[[FakeAws], None]:
    def take(aws: FakeAws) -> None:
        for code in codes:
            aws.quotas[code] = (aws.quotas[code][0], 0.0)

    return take


PROBLEMS: list[tuple[str, Callable[[FakeAws], Any], str, str, str]] = [
    ("no bootstrap", lambda aws: setattr(aws, "bootstrap", None), "CDK bootstrap", "failed", "cdk bootstrap"),
    ("old bootstrap", lambda aws: setattr(aws, "bootstrap", 5), "CDK bootstrap", "failed", "cdk bootstrap"),
    ("few functions", lambda aws: setattr(aws, "concurrency", 3), "Lambda concurrency", "warning", "L-B99A9384"),
    ("base model", not_tunable, "Base model", "failed", "base_model"),
    (
        "no access",
        lambda aws: aws.access.update(authorizationStatus="NOT_AUTHORIZED"),
        "Base model access",
        "failed",
        "Support",
    ),
    ("Marketplace", lambda aws: setattr(aws, "denied", MARKETPLACE), "Judge", "failed", "15 minutes"),
    (
        "form",
        lambda aws: setattr(aws, "denied", "Model use case details have not been submitted for this account."),
        "Judge",
        "failed",
        "use case form",
    ),
    (
        "organization",
        lambda aws: setattr(aws, "denied", "... with an explicit deny in a service control policy"),
        "Judge",
        "failed",
        "organization",
    ),
    (
        "own permission",
        lambda aws: setattr(aws, "denied", "User: bob is not authorized to perform: bedrock:InvokeModel"),
        "Judge",
        "failed",
        "bedrock:InvokeModel",
    ),
    (
        "no such judge",
        lambda aws: refused(aws, "Converse", "ValidationException", "The model identifier is invalid."),
        "Judge",
        "failed",
        "judge_model",
    ),
    (
        "busy judge",
        lambda aws: refused(aws, "Converse", "ThrottlingException", "Too many requests", 429),
        "Judge",
        "warning",
        "again in a minute",
    ),
    ("no grade", lambda aws: aws.verdict.update(score="high"), "Judge", "warning", "judge_model"),
    ("no jobs", no_quota("L-0406044C"), "Training jobs", "failed", "Service Quotas"),
    ("no deployments", no_quota("L-C02E1E99"), "Deployments", "failed", "Service Quotas"),
    ("no requests", no_quota("L-00000003"), "Judge's quotas", "failed", "another judge"),
    (
        "few requests",
        lambda aws: aws.quotas.update({"L-00000003": (aws.quotas["L-00000003"][0], 2.0)}),
        "Judge's quotas",
        "warning",
        "another judge",
    ),
    ("unknown quotas", lambda aws: aws.quotas.clear(), "Judge's quotas", "warning", "Service Quotas console"),
    (
        "may not look",
        lambda aws: refused(aws, "GetAccountSettings", "AccessDeniedException", "no", 403),
        "Lambda concurrency",
        "warning",
        "docs/cli.md",
    ),
    (
        "no answer",
        lambda aws: refused(aws, "GetParameter", "InternalFailure", "", 500),
        "CDK bootstrap",
        "failed",
        "network",
    ),
    (
        "role",
        lambda aws: client("iam").delete_role(RoleName="tuner-customization"),
        "Service role",
        "failed",
        "Deploy",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cause", "name", "verdict", "remedy"), [case[1:] for case in PROBLEMS], ids=[c[0] for c in PROBLEMS]
)
def test_every_problem_has_a_line_with_a_remedy(
    cause: Callable[[FakeAws], Any], name: str, verdict: str, remedy: str, tuner: Tuner, aws: FakeAws
) -> None:
    cause(aws)
    outcome = tuner("doctor", "--json")
    found = line(outcome, name)
    assert found["verdict"] == verdict
    assert remedy in found["remedy"]
    assert outcome.status == (1 if verdict == "failed" else 0)
    assert all(check["remedy"] for check in outcome.json if check["verdict"] != "ok")


def deployed(aws: FakeAws, **settings: Any) -> None:
    given = DeploymentSettings(judge_model="amazon.nova-pro-v1:0", **settings)
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = given.model_dump_json()


@pytest.mark.parametrize(
    ("shared_out", "account", "verdict"),
    [(10, 10, "ok"), (10, 1000, "ok"), (1000, 1000, "ok"), (1000, 10, "failed"), (101, 100, "failed")],
)
def test_an_account_with_fewer_functions_than_the_settings_share_out_is_a_problem(
    shared_out: int, account: int, verdict: str, tuner: Tuner, aws: FakeAws
) -> None:
    """Runs would use what is meant for releases."""
    aws.concurrency = account
    deployed(aws, account_concurrency=shared_out)
    found = line(tuner("doctor", "--json"), "Lambda concurrency")
    assert found["verdict"] == verdict
    assert f"{account} functions may run at once" in found["message"]
    assert f"The settings share out {shared_out} (account_concurrency)" in found["message"]
    if verdict == "failed":
        assert found["remedy"].startswith(f"Set account_concurrency to {account} in cdk.json, and deploy again. Or:")


def test_the_teams_of_an_account_share_its_functions(tuner: Tuner, aws: FakeAws) -> None:
    aws.stacks.clear()
    given = (
        "doctor",
        "--json",
        "--stack",
        "BedrockTuner-support",
        "-c",
        "teams=search,support",
        "-c",
        "account_concurrency=10",
    )
    aws.concurrency = 19
    found = line(tuner(*given), "Lambda concurrency")
    assert found["verdict"] == "failed"
    assert "share out 20 (the 2 deployments of cdk.json together)" in found["message"]
    aws.concurrency = 20
    assert verdicts(tuner(*given))["Lambda concurrency"] == "ok"


def test_a_result_that_is_not_ok_needs_a_remedy() -> None:
    with pytest.raises(ValueError, match="needs a remedy"):
        CheckResult("Line", "failed", "Something is wrong.")


def test_without_model_units_a_model_that_is_served_on_demand_is_ready(tuner: Tuner, aws: FakeAws) -> None:
    no_quota("L-BE77399C")(aws)
    assert verdicts(tuner("doctor", "--json"))["Model units"] == "ok"
    llama = DeploymentSettings(base_model="meta.llama3-1-8b-instruct-v1:0:128k")
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = llama.model_dump_json()
    assert verdicts(tuner("doctor", "--json"))["Model units"] == "failed"


def test_a_subscribed_judge_may_be_denied_later(tuner: Tuner, aws: FakeAws) -> None:
    aws.stacks.clear()
    outcome = tuner("doctor", "-c", "judge_model=us.anthropic.claude-sonnet-4-6", "--json")
    assert line(outcome, "Judge")["verdict"] == "warning"
    assert "15 minutes" in line(outcome, "Judge")["remedy"]
    assert verdicts(outcome)["Judge's quotas"] == "ok"


def test_a_denied_judge_is_reported_without_waiting_for_its_subscription(
    tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(seconds: float) -> None:
        raise AssertionError(f"the doctor waits {seconds} s")

    monkeypatch.setattr("time.sleep", wait)
    aws.stacks.clear()
    aws.denied = MARKETPLACE
    outcome = tuner("doctor", "-c", "judge_model=us.anthropic.claude-sonnet-4-6", "--json")
    assert line(outcome, "Judge")["verdict"] == "failed"
    assert "aws-marketplace:Subscribe" in line(outcome, "Judge")["remedy"]


def test_asking_never_subscribes_the_account(tuner: Tuner, aws: FakeAws) -> None:
    aws.stacks.clear()
    aws.access = access_of("NOT_AVAILABLE")
    outcome = tuner("doctor", "-c", "judge_model=us.anthropic.claude-sonnet-4-6", "--json")
    assert aws.calls("Converse") == []
    assert "aws-marketplace:Subscribe" in line(outcome, "Judge")["remedy"]


def test_the_table_marks_each_result_with_a_sign(tuner: Tuner, aws: FakeAws) -> None:
    aws.bootstrap = None
    outcome = tuner("doctor")
    assert outcome.out == ""
    said = " ".join(outcome.err.split())
    assert "✗ CDK bootstrap us-east-1 is not bootstrapped for the CDK. Run 'cdk bootstrap'" in said
    assert "✓ Judge" in said


def test_a_deployment_with_unknown_settings_can_be_checked(tuner: Tuner, aws: FakeAws) -> None:
    """Between an upgrade of the checkout and the next deployment, what is alive must be seen and released."""
    outputs = aws.stacks["BedrockTuner"]
    settings = json.loads(outputs["DeploymentSettings"])
    unknown = {"gone_since": "1", "vpc": {**settings["vpc"], "gone_since": "1"}}
    outputs["DeploymentSettings"] = json.dumps({**settings, **unknown})
    assert verdicts(tuner("doctor", "--json"))["Stack"] == "ok"
    assert tuner("throughput").status == 0


def test_an_unknown_base_model_of_a_deployment_does_not_end_the_checks(tuner: Tuner, aws: FakeAws) -> None:
    settings = json.loads(aws.stacks["BedrockTuner"]["DeploymentSettings"])
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = json.dumps({**settings, "base_model": "amazon.nova-one-v9:0"})
    found = verdicts(tuner("doctor", "--json"))
    assert (found["Base model"], found["Judge"], found["Training jobs"]) == ("failed", "ok", "ok")


def test_an_unknown_base_model_of_cdk_json_does_not_end_the_checks(tuner: Tuner, aws: FakeAws) -> None:
    aws.stacks.clear()
    outcome = tuner("doctor", "-c", "base_model=amazon.nova-one-v9:0", "--json")
    found = verdicts(outcome)
    assert outcome.status == 1
    assert (found["Settings"], found["Judge"], found["Training jobs"]) == ("failed", "ok", "ok")
    assert "Base model" not in found, "the default model is not the one that was asked for"


def test_a_judge_server_that_does_not_answer_is_a_failure(tuner: Tuner, aws: FakeAws) -> None:
    """The local cloud names its variable in the error of the model."""

    def gone() -> None:
        raise Refused(
            "ModelErrorException", "The judge at LOCAL_JUDGE_URL (http://127.0.0.1:9/v1) did not answer.", 424
        )

    aws.after["Converse"] = gone
    outcome = tuner("doctor", "--json")
    (judge,) = [result for result in outcome.json if result["name"] == "Judge"]
    assert (outcome.status, judge["verdict"]) == (1, "failed")
    assert "correct LOCAL_JUDGE_URL" in judge["remedy"]
