"""Finds settings of a deployment that AWS or the first run would reject, before anything is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tuner import catalog
from tuner.core.errors import ModelUnavailableError
from tuner.core.wording import VERY_SIMILAR, did_you_mean
from tuner.settings.deployment.settings import SPARE, STARTERS, DeploymentSettings

# ARNs that Converse accepts as a model: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
_JUDGE_ARN = re.compile(
    r"arn:aws:bedrock:(?P<region>[a-z0-9-]+):"
    r"(:foundation-model|[0-9]{12}:(application-)?inference-profile)/[A-Za-z0-9._:-]+"
)

# Bytes of the 4 KB that Lambda allows for a function's environment. The other variables need the rest.
LARGEST_FOR_FUNCTIONS = 2300


@dataclass(frozen=True)
class Problem:
    """A sentence about well-formed keys that contradict each other or the catalog."""

    keys: tuple[str, ...]
    text: str


def problems(settings: DeploymentSettings, account: str | None = None) -> Iterator[Problem]:
    """All problems. `account` is the account to deploy to, if known."""
    yield from _region(settings)
    yield from _base_model(settings)
    yield from _judges(settings)
    yield from _compared(settings)
    yield from _money(settings)
    yield from _concurrency(settings)
    yield from _prices(settings)
    yield from _company(settings)
    yield from _boundary(settings, account)
    yield from _size(settings)


def _offered(settings: DeploymentSettings) -> list[catalog.Model]:
    """Models that can be customized. The local cloud also has those past their end of life."""
    return [entry for entry in catalog.models() if settings.target == "local" or not entry.retired]


def _regions(settings: DeploymentSettings) -> list[str]:
    return sorted({region for entry in _offered(settings) for region in entry.regions})


def _region(settings: DeploymentSettings) -> Iterator[Problem]:
    known = _regions(settings)
    if settings.region not in known:
        hint = did_you_mean(settings.region, known, otherwise="", similarity=VERY_SIMILAR)
        text = f"region: no model can be customized in '{settings.region}', only in {', '.join(known)}. {hint}".rstrip()
        yield Problem(("region",), text)


def _base_model(settings: DeploymentSettings) -> Iterator[Problem]:
    keys = ("base_model", "region")
    try:
        model = catalog.model(_customized(settings))
    except ModelUnavailableError as error:
        yield Problem(("base_model",), str(error))
        return
    if model.retired:
        if settings.target == "aws":
            since = f" since {model.end_of_life}" if model.end_of_life else ""
            use = ", ".join(model.instead(settings.region))
            yield Problem(keys, f"base_model: '{model.id}' is past its end of life{since}. Use one of: {use}.")
    elif settings.region in _regions(settings) and settings.region not in model.regions:
        here = [entry.id for entry in _offered(settings) if settings.region in entry.regions and not entry.retired]
        yield Problem(
            keys,
            f"base_model: '{model.id}' cannot be customized in {settings.region}, only in {', '.join(model.regions)}. "
            f"In {settings.region}: {', '.join(here)}.",
        )


def _customized(settings: DeploymentSettings) -> str:
    """The id for customization.

    If the setting is the id for invoking a model past its end of life, the finding is about the end of life: correcting
    the id would not help.
    """
    ended = (entry for entry in catalog.models() if entry.retired and settings.target == "aws")
    return next((entry.id for entry in ended if settings.base_model == entry.invoke_id), settings.base_model)


def _judges(settings: DeploymentSettings) -> Iterator[Problem]:
    region = settings.region if settings.region in _regions(settings) else None
    for key, judge_id in (("judge_model", settings.judge_model), *(("judge_models", x) for x in settings.judge_models)):
        if key == "judge_models" and judge_id == "auto":
            yield Problem((key,), "judge_models: 'auto' is allowed in judge_model only. Name the models.")
        elif text := _judge(region, judge_id):
            yield Problem((key, "region"), f"{key}: {text}")


def _compared(settings: DeploymentSettings) -> Iterator[Problem]:
    """A model that is not in the catalog is named by its ARN, which says what it is and where."""
    region = settings.region if settings.region in _regions(settings) else None
    known = [name for each in catalog.models() for name in (each.invoke_id, each.profile) if name]
    known += [each.id for each in catalog.judges()]
    for model in settings.compared_models:
        text = _judge_arn(region, model) if model.startswith("arn:") else None
        if not model.startswith("arn:") and model not in known:
            text = (
                f"the catalog has no model '{model}'. {did_you_mean(model, known)} For a model that is newer than the "
                "catalog, give its ARN."
            )
        if text:
            yield Problem(("compared_models", "region"), f"compared_models: {text}")


def _judge(region: str | None, judge_id: str) -> str | None:
    """What is wrong with a judge in this Region. None when nothing is known to be wrong."""
    if judge_id.startswith("arn:"):  # an application inference profile, or a model that is newer than the catalog
        return _judge_arn(region, judge_id)
    here = [entry.id for entry in catalog.judges() if region is None or {region, "*"} & set(entry.regions)]
    if judge_id == "auto":
        if region is None:
            return None
        return f"no judge is known that works in {region} without a subscription. Name one: {', '.join(here)}."
    if catalog.judge(judge_id) is None:
        hint = did_you_mean(judge_id, ["auto", *here])
        return (
            f"the catalog has no judge '{judge_id}'. {hint} For a model that is newer than the catalog, give its ARN."
        )
    if judge_id not in here:
        return f"'{judge_id}' cannot be used from {region}. Judges there: {', '.join(here)}."
    return None


def _judge_arn(region: str | None, arn: str) -> str | None:
    found = _JUDGE_ARN.fullmatch(arn)
    if not found:
        return f"'{arn}' is not the ARN of a foundation model or of an inference profile of Amazon Bedrock."
    if region and found["region"] != region:
        return (
            f"'{arn}' is in {found['region']}, but the deployment uses {region}. Give the ARN of the model in {region}."
        )
    return None


def _money(settings: DeploymentSettings) -> Iterator[Problem]:
    if settings.approval_usd is not None and settings.approval_usd > settings.budget_usd:
        yield Problem(
            ("approval_usd", "budget_usd"),
            f"approval_usd: {settings.approval_usd:g} is above budget_usd, {settings.budget_usd:g}: runs that "
            "need approval would be refused. Lower approval_usd, or set it to null to never ask.",
        )
    whole, part = settings.monthly_usd, settings.monthly_usd_per_dataset
    if whole is not None and part is not None and part > whole:
        yield Problem(
            ("monthly_usd_per_dataset", "monthly_usd"),
            f"monthly_usd_per_dataset: {part:g} is above monthly_usd, {whole:g}, and would have no effect. Lower "
            "monthly_usd_per_dataset, or set it to null.",
        )


def _prices(settings: DeploymentSettings) -> Iterator[Problem]:
    """The price of an unknown model would be ignored silently."""
    asked = (settings.judge_model, *settings.judge_models, *settings.compared_models)
    judges = (*asked, *(entry.id for entry in catalog.judges()))
    behind = [catalog.judge_or_assumed(judge_id).foundation_model for judge_id in judges]
    known = list(dict.fromkeys(["any", *(entry.invoke_id for entry in catalog.models()), *behind]))
    for position, given in enumerate(settings.prices):
        if given.model not in known:
            hint = did_you_mean(given.model, known)
            text = f"prices.{position}.model: the catalog has no model with the id for invoking '{given.model}'. {hint}"
            yield Problem(("prices", "judge_model", "judge_models", "compared_models"), text)


def _concurrency(settings: DeploymentSettings) -> Iterator[Problem]:
    """Each place needs a concurrent function of its own. With fewer, releases would wait behind runs."""
    if settings.functions_per_run < 1:
        places = settings.preparation_places + settings.training_places
        text = (
            f"account_concurrency: {places} places need at least {places + STARTERS + SPARE} concurrent functions, and "
            f"{settings.account_concurrency} are given. Set fewer preparation_places or training_places. Or raise the "
            "quota in Service Quotas, service AWS Lambda, 'Concurrent executions', and set account_concurrency."
        )
        yield Problem(("account_concurrency", "preparation_places", "training_places"), text)


def _company(settings: DeploymentSettings) -> Iterator[Problem]:
    vpc = settings.vpc
    if bool(vpc.subnet_ids) != bool(vpc.security_group_ids):
        missing = "security_group_ids" if vpc.subnet_ids else "subnet_ids"
        yield Problem(("vpc",), f"vpc.{missing}: is missing. Give subnets and security groups together.")
    if settings.kms_key_arn and settings.kms_key_arn.split(":")[3] != settings.region:
        yield Problem(
            ("kms_key_arn", "region"), f"kms_key_arn: the key must be in {settings.region}, where the buckets are."
        )


def _boundary(settings: DeploymentSettings, account: str | None) -> Iterator[Problem]:
    """IAM accepts a boundary of the role's own account, or a policy of AWS."""
    named = settings.permissions_boundary or ""
    owner = named.split(":")[4] if named.startswith("arn:") else None
    if account and settings.target == "aws" and owner not in (None, "aws", account):
        text = f"permissions_boundary: the policy must be in the account to deploy to, {account}, not in {owner}."
        yield Problem(("permissions_boundary",), text)


def _size(settings: DeploymentSettings) -> Iterator[Problem]:
    size = len(settings.for_functions().encode())
    if size > LARGEST_FOR_FUNCTIONS:
        longest = sorted(settings.model_fields_set, key=lambda key: -len(repr(getattr(settings, key))))[:3]
        yield Problem(
            (),
            f"the settings are {size} bytes long, and the functions' environment has room for {LARGEST_FOR_FUNCTIONS}. "
            f"Shorten the longest: {', '.join(longest)}.",
        )
