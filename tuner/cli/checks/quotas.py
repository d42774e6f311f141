"""The quotas of Amazon Bedrock that a run meets, from one listing of Service Quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial

from tuner.aws.quotas import Quota, Quotas
from tuner.cli.checks.check import Check, Task, quick

# Codes and names: as Service Quotas lists them, in public inventories of real accounts (autumn 2026). Names of a
# model's quotas have two spellings: "On-demand model inference requests per minute for X" and, in the User Guide's
# page "Quotas for the bedrock-runtime endpoint", "On-demand InvokeModel tokens per minute for X".
JOBS = "L-0406044C"  # (Model customization) Scheduled customization jobs
DEPLOYMENTS = "L-C02E1E99"  # Custom models with a creating status per account
MODEL_UNITS = "L-BE77399C"  # Model units no-commitment Provisioned Throughputs across custom models
_PER_MINUTE = re.compile(
    r"^(?P<way>global cross-region|cross-region|on-demand) (?:model inference|invokemodel) "
    r"(?P<what>requests|tokens) per minute for (?P<model>.+)$",
    re.IGNORECASE,
)
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

    def per_minute(self, model: str, way: str) -> dict[str, float]:
        """A model's `requests` and `tokens` per minute, as far as they are listed."""
        found: dict[str, float] = {}
        for quota in self.read():
            named = _PER_MINUTE.match(quota.name)
            if named and named["way"].lower() == way and _same(named["model"], model):
                found[named["what"].lower()] = quota.value
        return found


def checks(judge: str, way: str, on_demand: bool) -> Iterator[Task]:
    """The lines about quotas. `judge` is what the judge's quotas are called; `way` how it is reached."""
    listing = Listing()
    yield Task("Training jobs", partial(_counted, listing, "Training jobs", JOBS, "customization jobs"), _CONSOLE)
    yield Task("Deployments", partial(_counted, listing, "Deployments", DEPLOYMENTS, "deployments at once"), _CONSOLE)
    yield Task("Model units", partial(_model_units, listing, on_demand), _CONSOLE)
    yield Task("Judge's quotas", partial(_judge, listing, judge, way), _CONSOLE)


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


def _judge(listing: Listing, judge: str, way: str) -> str | Check:
    found = listing.per_minute(judge, way)
    if "requests" not in found and "tokens" not in found:
        message = f"Service Quotas lists no {way} requests or tokens per minute for {judge or 'the judge'}."
        return Check("Judge's quotas", "warning", message, f"{_CONSOLE}.")
    said = " and ".join(f"{value:,.0f} {what}" for what, value in sorted(found.items()))
    if not all(found.values()):
        return Check("Judge's quotas", "failed", f"{said} per minute for {judge}.", f"{_RAISE}, or set another judge.")
    minutes = max(_VERDICTS / found.get("requests", 1e9), _VERDICTS * _TOKENS_PER_VERDICT / found.get("tokens", 1e12))
    message = f"{said} per minute for {judge}: about {max(1, round(minutes))} min for the grades of 100 questions."
    if minutes > _LONG_MINUTES:
        return Check("Judge's quotas", "warning", message, f"{_RAISE}, or set another judge.")
    return message


def _same(listed: str, wanted: str) -> bool:
    """`Anthropic Claude Haiku 4.5 V1` is `Anthropic Claude Haiku 4.5`; a longer name is another model."""
    return bool(wanted) and re.fullmatch(rf"{re.escape(wanted)}( V1)?", listed, re.IGNORECASE) is not None
