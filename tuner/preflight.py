"""Checks that the AWS account can run the pipeline, before the run spends anything: models, scorer, access, quotas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from tuner import catalog
from tuner.artifacts.evaluation.contestants import Contestant
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.preflight import JudgeQuotas, Preflight
from tuner.aws.bedrock.model_access import ANOTHER_JUDGE, MARKETPLACE, ModelAccess, denial_remedy
from tuner.aws.bedrock.resources import FoundationModel
from tuner.aws.bedrock.tool_call import Tool
from tuner.aws.quotas import CUSTOMIZATION_JOBS, MODEL_UNITS, Quota, batch_minimum, per_minute
from tuner.catalog import Judge, Model
from tuner.catalog.metrics import uses_judge
from tuner.core.errors import (
    AccessDeniedError,
    AwsError,
    BudgetExceededError,
    ModelUnavailableError,
    QuotaError,
    SettingsError,
)
from tuner.core.times import now
from tuner.evaluation.judging.scorer_check import check_scorer
from tuner.evaluation.judging.scoring_function import Call

# The smallest request for a grade. Any judge must be able to answer it.
_GRADE = Tool(
    "grade",
    "Records the grade of the answer.",
    {
        "type": "object",
        "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 10}},
        "required": ["score"],
    },
)
_SYSTEM = "You grade the answer by the reference, from 1 to 10."
_TEXT = "<question>\nWhat is 2 + 2?\n</question>\n\n<reference>\n4\n</reference>\n\n<answer>\n4\n</answer>"
_SHORT_TOKENS = 64
# Prose, numbers and code, and other scripts: what tokenizers split in different ways.
TOKEN_TEXTS = (
    "Unquestionably, the archaeologists' counterarguments misrepresented the lighthouse keeper's handwritten "
    "correspondence; nevertheless, everybody's disappointment was understandable, wasn't it? Antidisestablishment!",
    "On 2026-11-23T07:05:09Z, 1,234,567.89 records (0x7f3a, +41 79 555 01 23) cost $0.00035.\n\n    def f(x_1):\n"
    "\t\treturn {'naïve': [x_1 ** 2, -3e-5], \"url\": 'https://example.com/a?b=c&d=%20'}  # why?!!",
    "Donaudampfschifffahrtsgesellschaft, où êtes-vous? Сколько это стоит? 東京の天気は晴れです。 그렇습니다 ¿por qué? "
    "कैसे हैं आप؟ مرحبا بالعالم 🙂👩‍🚀",
)
_NO_TEST_REQUESTS = (
    "So no test request was paid for, and it is not known whether the judge, the compared models and the scorer answer "
    "in this account. Approve the run if they answered in an earlier run. Else raise the ceiling, deploy, and start "
    "the run again."
)
_NOT_COMPARABLE = (
    "So no test request may be sent, and candidates of several base models need them: their tokens are compared. Use "
    "candidates of one base model, or raise the ceiling, deploy, and start the run again. 'tuner spending' shows the "
    "month."
)


class FoundationModels(Protocol):
    """Bedrock's foundation models."""

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        """The model, or None when the Region does not offer it."""
        ...


Ask = Callable[[str, str, str, Tool, Mapping[str, int | float]], object]
"""Sends a model one request to call a tool. Raises TunerError."""
CountTokens = Callable[[str, str], int]
"""The input tokens of a request with a text to a model. Raises TunerError."""
Access = Callable[[str], ModelAccess | None]
"""The account's access to a foundation model, or None when Bedrock does not say."""


class Quotas(Protocol):
    """Service Quotas."""

    def value(self, service: str, code: str) -> float | None:
        """The value of a quota, or None when Service Quotas does not know it."""
        ...

    def all(self, service: str) -> tuple[Quota, ...]:
        """All quotas of a service."""
        ...


def offered_model(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model as Bedrock describes it. Raises ModelUnavailableError when the Region does not offer it."""
    found = models.foundation_model(model.id)
    if found is None:
        regions = (
            f" According to the catalog it can be customized in {', '.join(model.regions)}."
            if not model.retired
            else ""
        )
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) is {_past_end(model, None) or f'not offered in {region}'}."
            f"{regions}{_instead(model, region)}"
        )
    return found


def customizable_model(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model, which can be customized in the Region. A LEGACY model can be, until its end of life.

    Raises ModelUnavailableError that says why it cannot be customized, and what to use instead.
    """
    found = offered_model(models, model, region)
    # GetFoundationModel can still return a model that is past its end of life.
    if not found.active and _ended(model, found):
        end = _past_end(model, found) or "no longer active"
        raise ModelUnavailableError(f"base_model: {model.name} ({model.id}) is {end}.{_instead(model, region)}")
    if "FINE_TUNING" not in found.customizations:
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) cannot be fine-tuned in {region}. AWS documents it for "
            f"{', '.join(model.regions)}.{_instead(model, region)}"
        )
    return found


def legacy_warning(model: Model, found: FoundationModel) -> str | None:
    """The warning about a LEGACY base model, or None for an active one."""
    if found.active:
        return None
    end = f"on {found.end_of_life.date().isoformat()}" if found.end_of_life else "on a date that is not announced"
    price = f", possibly at a higher price from {found.extended_access.date()}" if found.extended_access else ""
    return (
        f"{model.name} is LEGACY: AWS ends it {end}{price}. AWS sells no new provisioned throughput for it, and may "
        "remove the access of an account that does not use it for some weeks. Plan the change to another base_model."
    )


def check_legacy_serving(model: Model, found: FoundationModel, serving: str) -> None:
    """Raises ModelUnavailableError when the run needs provisioned throughput for a LEGACY model, which AWS refuses."""
    if found.active or serving != "provisioned":
        return
    how = (
        "Set 'serving: on_demand' in run.yaml and remove 'commitment'"
        if model.family.on_demand_deployment
        else "It cannot be deployed on demand either: set 'serving: none' to train only, or another base_model"
    )
    raise ModelUnavailableError(
        f"serving: {model.name} is LEGACY, and AWS sells no new provisioned throughput for it. {how}."
    )


def check_same_tokens(count_tokens: CountTokens, base_models: Sequence[Model]) -> None:
    """Checks that candidates can be chosen by their validation losses, which are means over tokens.

    AWS publishes no tokenizers, and its CountTokens does not support the models that can be customized. So each base
    model is asked with the same texts, and AWS counts their tokens. Raises SettingsError when the counts differ.
    """
    first, *others = base_models
    if not others:
        return
    expected = [count_tokens(first.base_endpoint, text) for text in TOKEN_TEXTS]
    for other in others:
        found = [count_tokens(other.base_endpoint, text) for text in TOKEN_TEXTS]
        if found != expected:
            raise SettingsError(
                f"candidates: {first.name} and {other.name} split text into different tokens ({sum(expected)} and "
                f"{sum(found)} for the same texts), so their validation losses cannot be compared to choose one. "
                "Train them in runs of their own, and compare these ('tuner compare --help'), or use "
                "'compare_with: [best]'."
            )


def check_throughput_quota(quotas: Quotas, units: int) -> float | None:
    """The account's quota of model units for custom models, or None when Service Quotas does not know it.

    Raises QuotaError when it is less than `units`.
    """
    value = quotas.value("bedrock", MODEL_UNITS)
    if value is not None and value < units:
        raise QuotaError(
            f"The account's quota is {value:g} model units of Provisioned Throughput for custom models; the run needs "
            f"{units}. In Service Quotas, service Amazon Bedrock, ask AWS to raise quota {MODEL_UNITS} (it can "
            "take days), or set 'serving: on_demand' in run.yaml if the model supports it."
        )
    return value


def check_judge(ask: Ask, judge_id: str, key: str = "judge", instead: str = ANOTHER_JUDGE) -> None:
    """Asks the judge for one short grade, as the scoring does, so that a judge that fails is found before any spend.

    Another model, which the setting `key` names, is asked in the same way: whatever it answers, it can be asked.
    `instead` is another remedy. Raises ModelUnavailableError when the model does not respond, AccessDeniedError with
    the remedy when access to it is denied.
    """
    inference = catalog.judge_or_assumed(judge_id).inference_config(_SHORT_TOKENS)
    try:
        ask(judge_id, _SYSTEM, _TEXT, _GRADE, inference)
    except AccessDeniedError as error:
        raise AccessDeniedError(
            f"{key}: access to '{judge_id}' is denied. {error} {denial_remedy(str(error), instead)}"
        ) from error
    except AwsError as error:
        raise ModelUnavailableError(f"{key}: '{judge_id}' does not respond in this account. {error}") from error


def check_subscription(access: Access, judge: Judge, key: str = "judge", instead: str = ANOTHER_JUDGE) -> None:
    """Raises AccessDeniedError when the account has not accepted the terms of a judge from AWS Marketplace.

    A first request would start a subscription, which the function's role may not complete: the first requests would
    succeed, and later ones would be denied.
    """
    found = access(judge.foundation_model) if judge.marketplace and not judge.id.startswith("arn:") else None
    if found and found.agreement == "NOT_AVAILABLE":
        raise AccessDeniedError(f"{key}: this account is not subscribed to '{judge.id}'. {MARKETPLACE} {instead}")


def check_compared(ask: Ask, access: Access, manifest: Manifest) -> list[str]:
    """Checks that the account may ask the other models that the run compares with. Returns what they need.

    A model that has several names is asked once. Raises as `check_judge` and `check_subscription` do.
    """
    warnings = []
    names = {each.model: each.name for each in reversed(manifest.contestants) if each.model}
    for asked, name in reversed(names.items()):
        model = catalog.judge_or_assumed(asked)
        instead = f"Or remove '{name}' from compare_with."
        check_subscription(access, model, "compare_with", instead)
        check_judge(ask, model.id, "compare_with", instead)
        if model.needs and not model.id.startswith("arn:"):
            warnings.append(f"compare_with: {model.name} needs {' and '.join(model.needs)}.")
    return warnings


def judge_warnings(judge: Judge) -> list[str]:
    """The warnings about a judge: what the account needs for it, and what is assumed of one outside the catalog."""
    found = []
    if judge.needs:
        found.append(
            f"The judge {judge.name} needs {' and '.join(judge.needs)}. In the first 15 minutes after its first call, "
            "calls can succeed and then be denied. Grades that stay denied count as missing."
        )
    if judge.assumed:
        method = "a forced tool call" if judge.forced_tool else "a request for JSON in its prompt"
        sampling = "no sampling parameters" if judge.sampling == "none" else "a temperature"
        found.append(f"The judge {judge.id} is not in the catalog. It is assumed to support {method}, and {sampling}.")
    return found


def check_run(
    models: FoundationModels,
    quotas: Quotas,
    ask: Ask,
    access: Access,
    call_scorer: Call,
    count_tokens: CountTokens,
    manifest: Manifest,
    region: str,
    ceiling: str | None = None,
) -> Preflight:
    """The warnings, and the quotas of jobs and judge. Raises the first problem that would make the run fail here.

    `ceiling`: the sentence about a ceiling of the month that is reached. Then no test request is paid for: a warning
    says so to the person who must approve the run.
    """
    warnings: list[str] = []
    base_models = [catalog.model(each) for each in manifest.base_models]
    for model in base_models:
        found = customizable_model(models, model, region)
        check_legacy_serving(model, found, manifest.settings.serving)
        warnings += filter(None, [legacy_warning(model, found)])
    if ceiling and len(base_models) > 1:
        raise BudgetExceededError(f"{ceiling} {_NOT_COMPARABLE}")
    check_same_tokens(count_tokens, base_models)
    if manifest.settings.serving == "none":
        return Preflight(warnings=tuple(warnings), customization_jobs=quotas.value("bedrock", CUSTOMIZATION_JOBS))
    if ceiling:
        ask = _ask_nothing
    if manifest.scorer_function and not ceiling:
        check_scorer(manifest.scorer_function, manifest.settings, call_scorer)
    judges = [catalog.judge_or_assumed(each) for each in manifest.judge_models] if _may_ask_the_judge(manifest) else []
    for judge in judges:
        # The subscription comes first: a request to a judge without one would start it.
        check_subscription(access, judge)
        check_judge(ask, judge.id)
    if ceiling and (judges or manifest.scorer_function or any(each.model for each in manifest.contestants)):
        warnings.append(f"{ceiling} {_NO_TEST_REQUESTS}")
    warnings += check_compared(ask, access, manifest)
    if manifest.settings.serving == "provisioned":  # the evaluation uses hourly throughput, also with a commitment
        check_throughput_quota(quotas, manifest.settings.model_units)
    jobs = quotas.value("bedrock", CUSTOMIZATION_JOBS)
    hurry = manifest.settings.hurry
    minimums = {} if hurry else batch_minimums(quotas, base_models[0], manifest.contestants, judges)
    if not judges:
        return Preflight(warnings=tuple(warnings), customization_jobs=jobs, batch_minimums=minimums)
    first, *others = (_judge_quotas(quotas, judge) for judge in judges)
    return Preflight(
        warnings=(*warnings, *(warning for judge in judges for warning in judge_warnings(judge))),
        customization_jobs=jobs,
        batch_minimums=minimums,
        judge_requests_per_minute=first.requests_per_minute,
        judge_tokens_per_minute=first.tokens_per_minute,
        more_judges={judge.id: found for judge, found in zip(judges[1:], others, strict=True)},
    )


def _ask_nothing(model: str, system: str, text: str, tool: Tool, inference: Mapping[str, int | float]) -> None:
    """Takes the place of a test request that is not paid for."""


def batch_minimums(
    quotas: Quotas, base: Model, contestants: Iterable[Contestant], judges: Iterable[Judge]
) -> dict[str, int]:
    """The least number of records of a batch job, by the id of the model that is asked.

    A model without such a quota has no entry: nothing shows that Bedrock asks it in batch jobs here.
    """
    known = quotas.all("bedrock")
    names: dict[str, tuple[str, ...]] = {base.base_endpoint: (base.name,)}
    # A compared model may be one that can be customized instead of one that judges.
    customizable = {model.invoke_id: model.name for model in catalog.models()}
    compared = (catalog.judge_or_assumed(each.model) for each in contestants if each.model)
    for other in (*compared, *judges):
        names[other.id] = (other.name, other.quota, customizable.get(other.foundation_model, ""))
    found = {model: batch_minimum(known, called) for model, called in names.items()}
    return {model: least for model, least in found.items() if least is not None}


def _judge_quotas(quotas: Quotas, judge: Judge) -> JudgeQuotas:
    """A judge without a known name in Service Quotas has none: its quotas show only when it throttles."""
    found = per_minute(quotas.all("bedrock"), judge.quota, judge.routing) if judge.quota else {}
    return JudgeQuotas(requests_per_minute=found.get("requests"), tokens_per_minute=found.get("tokens"))


def _may_ask_the_judge(manifest: Manifest) -> bool:
    """Whether the run may need its judge. A task that is still to be recognised may."""
    settings = manifest.settings
    return settings.task == "auto" or manifest.generates or uses_judge(settings.used_metrics(settings.task))


def _ended(model: Model, found: FoundationModel) -> bool:
    """Whether an inactive model is past its end of life, by AWS's date or, where AWS has none, by the catalog."""
    # AWS's date decides, because it can be later than the catalog's.
    if found.end_of_life:
        return found.end_of_life <= now()
    return model.retired


def _past_end(model: Model, found: FoundationModel | None) -> str:
    """`past its end of life since 2026-09-10`, by AWS's date or else the catalog's. Empty when neither has one."""
    day = found.end_of_life.date() if found and found.end_of_life else model.end_of_life
    if day and day > now().date():
        return f"legacy and ends on {day.isoformat()}"
    if day:
        return f"past its end of life since {day.isoformat()}"
    return "past its end of life" if model.retired else ""


def _instead(model: Model, region: str) -> str:
    if model.replacements:
        return f" Use instead: {', '.join(model.instead(region))}."
    return " Set another base_model in run.yaml, or another Region for the deployment."
