"""Checks the models: whether the base model can be fine-tuned in this Region, and whether the judges answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tuner import catalog
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.bedrock.model_access import ANOTHER_JUDGE, MARKETPLACE, ModelAccess, denial_remedy, model_access
from tuner.aws.bedrock.tool_call import Tool, ToolReply, fill_in_tool
from tuner.catalog.judges import InferenceConfig
from tuner.cli.checks.check import Check, CheckResult, judge_check, judges, quick_client
from tuner.core.errors import AccessDeniedError, RetryableError
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.metrics.base import ScoringContext
from tuner.evaluation.metrics.correctness import Correctness
from tuner.preflight import customizable_model, legacy_warning
from tuner.settings import DeploymentSettings, JudgeSettings

_ANOTHER_MODEL = "Set another base_model, or deploy in a Region where this one can be tuned (docs/models.md)."
_ANOTHER_JUDGE = "Set another judge_model (docs/models.md)."
_ANOTHER_OF_SEVERAL = "Correct it in judge_models, or remove it there (docs/models.md)."
_SUPPORT = "Open the Bedrock console in this Region to see what is missing. A restricted account needs AWS Support."
_WAIT = (
    "Run 'tuner doctor' again 15 minutes after the account subscribed to the model. Until then Bedrock may answer one "
    "call and deny the next."
)
_LATER = "Run 'tuner doctor' again in a minute: the judge's quotas per minute are in use, or too small."
# The local cloud's name for a server that judges in place of its stand-in.
_JUDGE_SERVER = "LOCAL_JUDGE_URL"
_CORRECT_JUDGE_SERVER = (
    "Start that server. To use another, run 'tuner local down', correct LOCAL_JUDGE_URL, then run 'tuner local up'."
)
_ITEM = GradedItem("doctor", "What is 2 + 2?", "4", {"base": "4", "tuned": None})


class _RefusedError(Exception):
    """The judge refused the call. Not a RetryableError, so that the judge's client does not retry it."""


def checks(settings: DeploymentSettings, region: str, ask: bool) -> Iterator[Check]:
    """The checks of the models. `ask` allows the calls that cost money: one to each judge.

    Without a base model, whose name was refused already, the others are checked.
    """
    if settings.base_model:
        yield Check("Base model", partial(_base_model, settings.base_model, region), _ANOTHER_MODEL)
    for model in catalog.models():
        if model.id == settings.base_model:
            name = "Base model access"
            yield Check(name, partial(_access, name, model.invoke_id), _SUPPORT)
    for other in settings.compared_models:
        name = f"Access to {other}"
        yield Check(name, partial(_access, name, catalog.judge_or_assumed(other).foundation_model), _SUPPORT)
    for judge in judges(settings):
        name = judge_check("Judge", judge, settings)
        remedy = _ANOTHER_JUDGE if judge == settings.judge_model else _ANOTHER_OF_SEVERAL
        yield Check(name, partial(_judge, name, judge, ask), remedy)


def _base_model(model_id: str, region: str) -> str | CheckResult:
    model = catalog.model(model_id)
    found = customizable_model(Bedrock(quick_client("bedrock")), model, region)
    if warning := legacy_warning(model, found):
        return CheckResult("Base model", "warning", warning, _ANOTHER_MODEL)
    return f"{found.name} ({model_id}) can be fine-tuned in {region}."


def _access(name: str, invoke_id: str) -> str | CheckResult:
    """Whether the account may ask the model. Nobody is asked: a run asks the models that it compares with."""
    found = model_access(invoke_id, quick_client("bedrock"))
    if found is None:
        return "Bedrock does not report access for this model."
    if catalog.judge_or_assumed(invoke_id).marketplace and found.agreement == "NOT_AVAILABLE":
        return CheckResult(name, "failed", "The account has not accepted the model's terms.", MARKETPLACE)
    problem = _problem(found)
    return CheckResult(name, "failed", problem, _SUPPORT) if problem else "The account has access."


def _judge(name: str, model_id: str, ask: bool) -> str | CheckResult:
    judge = catalog.judge_or_assumed(model_id)
    access = model_access(judge.foundation_model, quick_client("bedrock"))
    unsubscribed = judge.marketplace and access is not None and access.agreement == "NOT_AVAILABLE"
    if unsubscribed:
        # The first call would subscribe the account to the model in AWS Marketplace. A person must decide that.
        message = f"{model_id} was not asked: the account has not accepted the model's terms."
        return CheckResult(name, "failed", message, f"{MARKETPLACE} {ANOTHER_JUDGE}")
    if not ask:
        return CheckResult(
            name,
            "warning",
            f"{model_id} was not asked.",
            "Run without --no-ask to ask it: this costs less than a cent.",
        )
    return _answer(name, model_id, judge.marketplace)


def _answer(name: str, model_id: str, subscribed: bool) -> str | CheckResult:
    # The run's own judge and metric, so that a judge that cannot grade is noticed, not only a denied call.
    judge = Judge(model_id, JudgeSettings(attempts=1), ask=_ask_once)
    try:
        grades = Correctness().grade([_ITEM], ScoringContext([judge]))
    except _RefusedError as refused:
        if _JUDGE_SERVER in str(refused):
            return CheckResult(name, "failed", str(refused), _CORRECT_JUDGE_SERVER)
        if isinstance(refused.__cause__, AccessDeniedError):
            return CheckResult(name, "failed", str(refused), denial_remedy(str(refused)))
        return CheckResult(name, "warning", str(refused), _LATER)
    problem = grades.values["base"][0].problem
    if problem:
        remedy = "Run 'tuner doctor' again. Replace a judge that often gives no usable grade (setting judge_model)."
        return CheckResult(name, "warning", f"{model_id} answered, but {problem}", remedy)
    tokens = f"{grades.counts['input_tokens']} tokens in and {grades.counts['output_tokens']} out"
    message = f"{model_id} was asked for one grade and gave one ({tokens}: less than a cent)."
    return CheckResult(name, "warning", message, _WAIT) if subscribed else message


def _ask_once(model: str, system: str, text: str, tool: Tool, inference: InferenceConfig) -> ToolReply:
    """Calls the judge as a run does, without retries."""
    try:
        return fill_in_tool(model, system, text, tool, inference)
    except (AccessDeniedError, RetryableError) as error:
        raise _RefusedError(str(error)) from error


def _problem(access: ModelAccess) -> str:
    """Why the account cannot use the model; empty when it can."""
    if not access.in_region:
        return "Bedrock does not offer the model in this Region."
    if not access.authorized:
        return "The account is not authorized to use the model."
    return "" if access.entitled else "The account is not entitled to use the model."
