"""The quotas of Amazon Bedrock that a run meets, from one listing of Service Quotas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from tuner.aws.quotas import Quota, Quotas, per_minute
from tuner.catalog import Judge
from tuner.cli.checks.check import Check, Task, quick

# Codes and names: as Service Quotas lists them, in public inventories of real accounts (autumn 2026).
JOBS = "L-0406044C"  # (Model customization) Scheduled customization jobs
DEPLOYMENTS = "L-C02E1E99"  # Custom models with a creating status per account
MODEL_UNITS = "L-BE77399C"  # Model units no-commitment Provisioned Throughputs across custom models
# A verdict of the judge takes about this much; a question of both models is two verdicts.
_TOKENS_PER_VERDICT = 1500
_VERDICTS = 200
_LONG_MINUTES = 30.0

_CONSOLE = "Look in the Service Quotas console, service Amazon Bedrock"
_RAISE = "In Service Quotas, service Amazon Bedrock, ask AWS to raise it (it can take days)"


class Listing:
    """All quotas of Amazon Bedrock, read once, when they are first needed."""

    def __init__(self) -> None:
        self.read = cache(lambda: Quotas(quick("service-quotas")).all("bedrock"))

    def by_code(self, code: str) -> Quota | None:
        """The quota with this code."""
        return next((quota for quota in self.read() if quota.code == code), None)


def checks(judge: Judge, on_demand: bool) -> Iterator[Task]:
    """The lines about quotas."""
    listing = Listing()
    yield Task("Training jobs", partial(_counted, listing, "Training jobs", JOBS, "customization jobs"), _CONSOLE)
    yield Task("Deployments", partial(_counted, listing, "Deployments", DEPLOYMENTS, "deployments at once"), _CONSOLE)
    yield Task("Model units", partial(_model_units, listing, on_demand), _CONSOLE)
    yield Task("Judge's quotas", partial(_judge, listing, judge), _CONSOLE)


def _counted(listing: Listing, name: str, code: str, what: str) -> str | Check:
    quota = listing.by_code(code)
    if quota is None:
        return Check(name, "warning", f"Service Quotas does not list {code}.", f"{_CONSOLE}.")
    if quota.value < 1:
        return Check(name, "failed", f"0 {what} ({quota.name}, {code}).", f"{_RAISE}.")
    return f"{quota.value:g} {what} ({quota.name}, {code})."


def _model_units(listing: Listing, on_demand: bool) -> str | Check:
    quota = listing.by_code(MODEL_UNITS)
    units = quota.value if quota else 0
    if units >= 1:
        return f"{units:g} for custom models, without commitment ({MODEL_UNITS})."
    message = f"No model units of Provisioned Throughput for custom models ({MODEL_UNITS}; new accounts have none)."
    if on_demand:
        return Check("Model units", "ok", f"{message} The base model is served on demand and needs none.")
    return Check("Model units", "failed", message, f"{_RAISE}, or choose a base model that is served on demand.")


def _judge(listing: Listing, judge: Judge) -> str | Check:
    found = per_minute(listing.read(), judge.quota, judge.routing)
    called = judge.quota or judge.name
    if not found:
        message = f"Service Quotas lists no {judge.routing} requests or tokens per minute for {called}."
        return Check("Judge's quotas", "warning", message, f"{_CONSOLE}.")
    said = " and ".join(f"{value:,.0f} {what}" for what, value in sorted(found.items()))
    if not all(found.values()):
        return Check("Judge's quotas", "failed", f"{said} per minute for {called}.", f"{_RAISE}, or set another judge.")
    minutes = max(_VERDICTS / found.get("requests", 1e9), _VERDICTS * _TOKENS_PER_VERDICT / found.get("tokens", 1e12))
    message = f"{said} per minute for {called}: about {max(1, round(minutes))} min for the grades of 100 questions."
    if minutes > _LONG_MINUTES:
        return Check("Judge's quotas", "warning", message, f"{_RAISE}, or set another judge.")
    return message
