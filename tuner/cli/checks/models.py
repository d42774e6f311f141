"""The models: whether the base model can be tuned here, and whether the judge answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tuner import catalog
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.bedrock.model_access import MARKETPLACE, ModelAccess, denial_remedy, model_access
from tuner.aws.bedrock.tool_call import Tool, ToolReply, fill_in_tool
from tuner.cli.checks.check import Check, Task, quick
from tuner.core.errors import AccessDeniedError, RetryableError
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.metrics.base import Equipment
from tuner.evaluation.metrics.correctness import Correctness
from tuner.evaluation.samples import Question
from tuner.preflight import legacy_warning, tunable
from tuner.settings import JudgeSettings

_ANOTHER_MODEL = "Set another base_model, or deploy in a Region where this one can be tuned (docs/models.md)."
_ANOTHER_JUDGE = "Set another judge_model (docs/models.md)."
_SUPPORT = "Open the Bedrock console in this Region: it says what is missing. A restricted account needs AWS Support."
_WAIT = (
    "Run 'tuner doctor' again 15 minutes after the account subscribed to the model: until then, an answer proves "
    "nothing, and later calls may be denied."
)
_LATER = "Ask once more in a minute: the judge's quotas per minute are in use, or too small."
_SAMPLE = Question("doctor", "What is 2 + 2?", "4", {"base": "4", "tuned": None})


class _RefusedError(Exception):
    """The judge could not be asked. No error of a run, so that nothing asks again: a person waits."""


def checks(base_model: str, judge_model: str, region: str, ask: bool) -> Iterator[Task]:
    """The lines about the models; `ask` allows the one call that costs something."""
    yield Task("Base model", partial(_base_model, base_model, region), _ANOTHER_MODEL)
    yield Task("Base model access", partial(_base_access, base_model), _SUPPORT)
    yield Task("Judge", partial(_judge, judge_model, ask), _ANOTHER_JUDGE)


def _base_model(model_id: str, region: str) -> str | Check:
    model = catalog.model(model_id)
    found = tunable(Bedrock(quick("bedrock")), model, region)
    if warning := legacy_warning(model, found):
        return Check("Base model", "warning", warning, _ANOTHER_MODEL)
    return f"{found.name} ({model_id}) can be fine-tuned in {region}."


def _base_access(model_id: str) -> str | Check:
    name = "Base model access"
    found = model_access(catalog.model(model_id).invoke_id, quick("bedrock"))
    if found is None:
        return "Bedrock does not say whether the account has access."
    problem = _problem(found)
    return Check(name, "failed", problem, _SUPPORT) if problem else "The account has access."


def _judge(model_id: str, ask: bool) -> str | Check:
    judge = catalog.judge_or_assumed(model_id)
    access = model_access(judge.foundation_model, quick("bedrock"))
    unsubscribed = judge.marketplace and access is not None and access.agreement == "NOT_AVAILABLE"
    if unsubscribed:  # asking would make Bedrock subscribe the account, which is for a person to decide
        message = f"{model_id} was not asked: the account has not accepted the model's terms."
        return Check("Judge", "failed", message, MARKETPLACE)
    if not ask:
        return Check("Judge", "warning", f"{model_id} was not asked.", "Leave --no-ask out: it costs less than a cent.")
    return _answer(model_id, judge.marketplace)


def _answer(model_id: str, subscribed: bool) -> str | Check:
    judge = Judge(model_id, JudgeSettings(attempts=1), ask=_ask_once)
    try:
        grades = Correctness().grade([_SAMPLE], Equipment(judge=judge))
    except _RefusedError as refused:
        if isinstance(refused.__cause__, AccessDeniedError):
            return Check("Judge", "failed", str(refused), denial_remedy(str(refused)))
        return Check("Judge", "warning", str(refused), _LATER)
    problem = grades.values["base"][0].get("problem")
    if problem:
        remedy = "Ask once more; a judge that often gives no usable verdict should be replaced (judge_model)."
        return Check("Judge", "warning", f"{model_id} answered, but {problem}", remedy)
    tokens = f"{grades.counts['input_tokens']} tokens in and {grades.counts['output_tokens']} out"
    message = f"{model_id} was asked for one grade and gave it ({tokens}: less than a cent)."
    return Check("Judge", "warning", message, _WAIT) if subscribed else message


def _ask_once(model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any]) -> ToolReply:
    """As a run asks, but only once."""
    try:
        return fill_in_tool(model, system, text, tool, inference)
    except (AccessDeniedError, RetryableError) as error:
        raise _RefusedError(str(error)) from error


def _problem(access: ModelAccess) -> str:
    """What keeps the account from the model, or nothing."""
    if not access.in_region:
        return "Bedrock does not offer the model in this Region."
    if not access.authorized:
        return "The account is not authorized to use the model."
    return "" if access.entitled else "The account is not entitled to use the model."
