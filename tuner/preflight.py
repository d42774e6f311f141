"""Asks the account, before anything costs money, whether a run can work in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.model_access import MARKETPLACE, ModelAccess, denial_remedy
from tuner.aws.bedrock.resources import FoundationModel
from tuner.aws.bedrock.tool_call import Tool
from tuner.aws.quotas import Quota, per_minute
from tuner.catalog import Judge, Model
from tuner.core.errors import AccessDeniedError, AwsError, ModelUnavailableError, QuotaError
from tuner.core.times import now

# Model units of hourly Provisioned Throughput for custom models. The code for committed units is not documented.
THROUGHPUT_QUOTA = "L-BE77399C"
# As small as a request for a verdict can be: whatever judges has to be able to answer it.
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


class FoundationModels(Protocol):
    """Bedrock's foundation models."""

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        """The model, or None when the Region does not offer it."""
        ...


Ask = Callable[[str, str, str, Tool, Mapping[str, Any]], object]
"""Asks a model once to fill in a tool; raises TunerError."""
Access = Callable[[str], ModelAccess | None]
"""The account's access to a foundation model, or None when Bedrock does not say."""


class Quotas(Protocol):
    """Service Quotas."""

    def value(self, service: str, code: str) -> float | None:
        """A quota's value, or None where it is not known."""
        ...

    def all(self, service: str) -> tuple[Quota, ...]:
        """All quotas of a service."""
        ...


class Preflight(BaseModel):
    """`preflight.json`: what the account warns of, and how much it lets the judge be asked (None is not known)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    warnings: tuple[str, ...] = ()
    judge_requests_per_minute: float | None = None
    judge_tokens_per_minute: float | None = None


def offered(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model as the account sees it. Raises ModelUnavailableError when the Region does not offer it."""
    found = models.foundation_model(model.id)
    if found is None:
        regions = f" {model.name} was last seen tunable in {', '.join(model.regions)}." if not model.retired else ""
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) is {_past_end(model, None) or f'not offered in {region}'}."
            f"{regions}{_instead(model, region)}"
        )
    return found


def tunable(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model, tunable in the Region; a LEGACY one is, until its end of life.

    Raises ModelUnavailableError: since when it is past its end of life, and what to use instead.
    """
    found = offered(models, model, region)
    if not found.active and _ended(model, found):
        end = _past_end(model, found) or "no longer active"
        raise ModelUnavailableError(f"base_model: {model.name} ({model.id}) is {end}.{_instead(model, region)}")
    if "FINE_TUNING" not in found.customizations:
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) cannot be fine-tuned in {region}. Amazon documents it for "
            f"{', '.join(model.regions)}.{_instead(model, region)}"
        )
    return found


def legacy_warning(model: Model, found: FoundationModel) -> str | None:
    """What to know of a LEGACY base model, or None for an active one."""
    if found.active:
        return None
    end = f"on {found.end_of_life.date().isoformat()}" if found.end_of_life else "on a day that AWS does not say yet"
    dearer = f", perhaps at a higher price from {found.extended_access.date()} on" if found.extended_access else ""
    return (
        f"{model.name} is LEGACY: AWS ends it {end}{dearer}. It takes no new provisioned "
        "throughput, and AWS may take it away from an account that does not use it for some weeks. Plan the change to "
        "another base_model."
    )


def check_legacy_serving(model: Model, found: FoundationModel, serving: str) -> None:
    """Raises ModelUnavailableError when a LEGACY model would need new provisioned throughput, which AWS refuses."""
    if found.active or serving != "provisioned":
        return
    how = (
        "Set 'serving: on_demand' in run.yaml and leave 'commitment' out"
        if model.family.on_demand_deployment
        else "It cannot be deployed on demand either: set 'serving: none' to train only, or another base_model"
    )
    raise ModelUnavailableError(
        f"serving: {model.name} is LEGACY, and AWS makes no new provisioned throughput for it. {how}."
    )


def check_throughput_quota(quotas: Quotas, units: int) -> float | None:
    """The account's model units for custom models, or None where Service Quotas does not know.

    Raises QuotaError when they are fewer than `units`: waiting does not raise them.
    """
    value = quotas.value("bedrock", THROUGHPUT_QUOTA)
    if value is not None and value < units:
        raise QuotaError(
            f"This account may have {value:g} model units of Provisioned Throughput for custom models; the run needs "
            f"{units}. In Service Quotas, service Amazon Bedrock, ask AWS to raise quota {THROUGHPUT_QUOTA} (it can "
            "take days), or set 'serving: on_demand' in run.yaml where the model allows it."
        )
    return value


def check_judge(ask: Ask, judge_id: str) -> None:
    """Asks the judge for one short verdict, as the scoring does: what keeps it from answering is known now.

    Raises ModelUnavailableError when it cannot be asked, AccessDeniedError with what to do when it may not be.
    """
    inference = catalog.judge_or_assumed(judge_id).inference_config(_SHORT_TOKENS)
    try:
        ask(judge_id, _SYSTEM, _TEXT, _GRADE, inference)
    except AccessDeniedError as error:
        raise AccessDeniedError(
            f"judge: this account may not ask '{judge_id}'. {error} {denial_remedy(str(error))}"
        ) from error
    except AwsError as error:
        raise ModelUnavailableError(f"judge: '{judge_id}' does not answer in this account. {error}") from error


def check_subscription(access: Access, judge: Judge) -> None:
    """Raises AccessDeniedError when the account has not accepted the terms of a judge that is sold by others.

    Asking it would begin a subscription, which the role of a step may not finish: the first answers would come, and
    later ones be denied.
    """
    found = access(judge.foundation_model) if judge.marketplace and not judge.id.startswith("arn:") else None
    if found and found.agreement == "NOT_AVAILABLE":
        raise AccessDeniedError(f"judge: this account is not subscribed to '{judge.id}'. {MARKETPLACE}")


def judge_warnings(judge: Judge) -> list[str]:
    """What to know of a judge before a run depends on it."""
    found = []
    if judge.needs:
        found.append(
            f"The judge {judge.name} needs {' and '.join(judge.needs)}. In the first 15 minutes after its first call, "
            "calls may succeed and be denied later: verdicts that stay denied count as missing."
        )
    if judge.assumed:
        way = "with a forced tool" if judge.forced_tool else "for JSON in words"
        sampling = "no sampling parameters" if judge.sampling == "none" else "a temperature"
        found.append(
            f"The judge {judge.id} is not in the catalog: it is assumed to answer {way}, and to take {sampling}."
        )
    return found


def check_run(
    models: FoundationModels, quotas: Quotas, ask: Ask, access: Access, manifest: Manifest, region: str
) -> Preflight:
    """What the account warns of; raises what keeps this run from working in it."""
    model = catalog.model(manifest.base_model)
    found = tunable(models, model, region)
    check_legacy_serving(model, found, manifest.settings.serving)
    legacy = legacy_warning(model, found)
    warnings = [legacy] if legacy else []
    if manifest.settings.serving == "none":
        return Preflight(warnings=tuple(warnings))
    judge = catalog.judge_or_assumed(manifest.judge_model)
    check_subscription(access, judge)
    check_judge(ask, manifest.judge_model)
    if manifest.settings.serving == "provisioned":  # the evaluation's is hourly, whatever is bought afterwards
        check_throughput_quota(quotas, manifest.settings.model_units)
    found_quotas = per_minute(quotas.all("bedrock"), judge.quota, judge.routing) if judge.quota else {}
    return Preflight(
        warnings=(*warnings, *judge_warnings(judge)),
        judge_requests_per_minute=found_quotas.get("requests"),
        judge_tokens_per_minute=found_quotas.get("tokens"),
    )


def _ended(model: Model, found: FoundationModel) -> bool:
    """Whether a model that is not active is past its end: by AWS's day, or by the catalog where AWS names none."""
    if found.end_of_life:
        return found.end_of_life <= now()
    return model.retired


def _past_end(model: Model, found: FoundationModel | None) -> str:
    """`past its end of life since 2026-09-10`, by the account's answer or else the catalog's, or nothing."""
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
