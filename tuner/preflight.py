"""Asks the account, before anything costs money, whether a run can work in it."""

from __future__ import annotations

from typing import Protocol

from tuner import catalog
from tuner.aws.bedrock import FoundationModel
from tuner.catalog import Model
from tuner.errors import AwsError, EndpointFailedError, ModelUnavailableError, QuotaError
from tuner.run import Manifest
from tuner.settings import InferenceSettings
from tuner.times import now

# Model units of hourly Provisioned Throughput for custom models. The code for committed units is not documented.
THROUGHPUT_QUOTA = "L-BE77399C"
_ONE_WORD = InferenceSettings(max_tokens=1)


class FoundationModels(Protocol):
    """Bedrock's foundation models."""

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        """The model, or None when the Region does not offer it."""
        ...


class Asker(Protocol):
    """Asks a model one question."""

    def ask(self, endpoint: str, question: str, system: str | None, inference: InferenceSettings) -> object:
        """The reply; raises TunerError."""
        ...


class Quotas(Protocol):
    """Service Quotas."""

    def value(self, service: str, code: str) -> float | None:
        """A quota's value, or None where it is not known."""
        ...


def offered(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model as the account sees it. Raises ModelUnavailableError when the Region does not offer it."""
    found = models.foundation_model(model.id)
    if found is None:
        regions = f" {model.name} was last seen tunable in {', '.join(model.regions)}." if not model.retired else ""
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) is {_past_end(model, None) or f'not offered in {region}'}."
            f"{regions}{_instead(model)}"
        )
    return found


def tunable(models: FoundationModels, model: Model, region: str) -> FoundationModel:
    """The base model, active and tunable in the Region.

    Raises ModelUnavailableError: since when it is past its end of life, and what to use instead.
    """
    found = offered(models, model, region)
    if not found.active:
        end = _past_end(model, found) or "no longer active"
        raise ModelUnavailableError(f"base_model: {model.name} ({model.id}) is {end}.{_instead(model)}")
    if "FINE_TUNING" not in found.customizations:
        raise ModelUnavailableError(
            f"base_model: {model.name} ({model.id}) cannot be fine-tuned in {region}. Amazon documents it for "
            f"{', '.join(model.regions)}.{_instead(model)}"
        )
    return found


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


def check_judge(asker: Asker, judge_id: str) -> None:
    """Asks the judge for one word: an account without access to it learns so now, and not after the training.

    Raises ModelUnavailableError when it is not there, AccessDeniedError when it may not be asked.
    """
    try:
        asker.ask(judge_id, "Say yes.", None, _ONE_WORD)
    except (EndpointFailedError, AwsError) as error:
        raise ModelUnavailableError(f"judge: '{judge_id}' does not answer in this account. {error}") from error


def check_run(models: FoundationModels, quotas: Quotas, asker: Asker, manifest: Manifest, region: str) -> None:
    """Whether this run can work in the account; raises what keeps it from working."""
    tunable(models, catalog.model(manifest.base_model), region)
    if manifest.settings.serving != "none":
        check_judge(asker, manifest.judge_model)
    if manifest.settings.serving == "provisioned":  # the evaluation's is hourly, whatever is bought afterwards
        check_throughput_quota(quotas, manifest.settings.model_units)


def _past_end(model: Model, found: FoundationModel | None) -> str:
    """`past its end of life since 2026-09-10`, by the account's answer or else the catalog's, or nothing."""
    day = found.end_of_life.date() if found and found.end_of_life else model.end_of_life
    if day and day > now().date():
        return f"legacy, ends on {day.isoformat()}, and takes no new customization"
    if day:
        return f"past its end of life since {day.isoformat()}"
    return "past its end of life" if model.retired else ""


def _instead(model: Model) -> str:
    if model.replacements:
        return f" Use instead: {', '.join(model.replacements)}."
    return " Set another base_model in run.yaml, or another Region for the deployment."
