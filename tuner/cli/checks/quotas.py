"""Checks the quotas of Amazon Bedrock that limit a run, with one listing of Service Quotas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from tuner.aws.quotas import CUSTOMIZATION_JOBS, DEPLOYMENTS, MODEL_UNITS, Quota, Quotas, per_minute
from tuner.catalog import Judge, judge_or_assumed
from tuner.cli.checks.check import Check, CheckResult, judge_check, judges, quick_client
from tuner.settings import DeploymentSettings

# The check estimates the time for 100 questions: one grade for the base and one for the tuned model each.
_TOKENS_PER_GRADE = 1500
_GRADES = 200
_LONG_MINUTES = 30.0

_CONSOLE = "Look it up in the Service Quotas console, service Amazon Bedrock"
_RAISE = "In Service Quotas, service Amazon Bedrock, ask AWS to raise it (it can take days)"


class Listing:
    """All quotas of Amazon Bedrock, read once, on first use."""

    def __init__(self) -> None:
        self.read = cache(lambda: Quotas(quick_client("service-quotas")).all("bedrock"))

    def by_code(self, code: str) -> Quota | None:
        """The quota with this code."""
        return next((quota for quota in self.read() if quota.code == code), None)


def checks(settings: DeploymentSettings, on_demand: bool) -> Iterator[Check]:
    """The checks of quotas. `on_demand`: the base model is served on demand."""
    listing = Listing()
    yield Check(
        "Training jobs",
        partial(_at_least_one, listing, "Training jobs", CUSTOMIZATION_JOBS, "customization jobs"),
        _CONSOLE,
    )
    yield Check(
        "Deployments", partial(_at_least_one, listing, "Deployments", DEPLOYMENTS, "deployments at once"), _CONSOLE
    )
    yield Check("Model units", partial(_model_units, listing, on_demand), _CONSOLE)
    for model in judges(settings):
        name = judge_check("Judge's quotas", model, settings)
        yield Check(name, partial(_judge, listing, name, judge_or_assumed(model)), _CONSOLE)


def _at_least_one(listing: Listing, name: str, code: str, what: str) -> str | CheckResult:
    quota = listing.by_code(code)
    if quota is None:
        return CheckResult(name, "warning", f"Service Quotas does not list {code}.", f"{_CONSOLE}.")
    if quota.value < 1:
        return CheckResult(name, "failed", f"0 {what}: {quota.name}, {code}.", f"{_RAISE}.")
    return f"{quota.value:g} {what}: {quota.name}, {code}."


def _model_units(listing: Listing, on_demand: bool) -> str | CheckResult:
    quota = listing.by_code(MODEL_UNITS)
    units = quota.value if quota else 0
    if units >= 1:
        return f"{units:g} for custom models, without commitment ({MODEL_UNITS})."
    message = f"No model units of Provisioned Throughput for custom models ({MODEL_UNITS}; new accounts have none)."
    if on_demand:
        return CheckResult("Model units", "ok", f"{message} The base model is served on demand and needs none.")
    return CheckResult("Model units", "failed", message, f"{_RAISE}, or choose a base model that is served on demand.")


def _judge(listing: Listing, name: str, judge: Judge) -> str | CheckResult:
    found = per_minute(listing.read(), judge.quota, judge.routing)
    called = judge.quota or judge.name
    if not found:
        message = f"Service Quotas lists no {judge.routing} requests or tokens per minute for {called}."
        return CheckResult(name, "warning", message, f"{_CONSOLE}.")
    limits = " and ".join(f"{value:,.0f} {what}" for what, value in sorted(found.items()))
    if not all(found.values()):
        return CheckResult(name, "failed", f"{limits} per minute for {called}.", f"{_RAISE}, or set another judge.")
    minutes = max(_GRADES / found.get("requests", 1e9), _GRADES * _TOKENS_PER_GRADE / found.get("tokens", 1e12))
    message = f"{limits} per minute for {called}: about {max(1, round(minutes))} min for the grades of 100 questions."
    if minutes > _LONG_MINUTES:
        return CheckResult(name, "warning", message, f"{_RAISE}, or set another judge.")
    return message
