"""Models that can judge: how each is asked, what it needs, and which one judges where none is named."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from tuner.catalog.data_files import Data, Sourced, read

Routing = Literal["in-region", "geographic", "global"]
_GEOGRAPHIES: dict[str, Routing] = {"global": "global"}
# A geography of inference profiles, if any, then the vendor.
_ID = re.compile(r"^(?:(?P<geography>us|us-gov|eu|apac|jp|au|ca|global)\.)?(?P<model>(?P<vendor>[a-z0-9]+)\..+)$")
_ROUTING_WORDS: dict[Routing, str] = {
    "in-region": "in the Region where it is asked",
    "geographic": "in any of the Regions of its inference profile",
    "global": "in any commercial Region",
}


class Asking(Data):
    """How a judge is asked. `sampling` is which of temperature and top_p it takes; `either` is never both."""

    sampling: Literal["either", "both", "none"]
    forced_tool: bool
    documents: bool
    reasoning_tokens: int = 0
    marketplace: bool = False
    use_case_form: bool = False


class Judge(Asking):
    """A model that grades answers.

    `quota` is what its quotas are called, or empty where that is not known. `assumed`: the catalog does not list it,
    and all that stands here is taken from its vendor's other models.
    """

    id: str
    name: str
    foundation_model: str
    routing: Routing
    regions: tuple[str, ...]
    default_in: tuple[str, ...] = ()
    quota: str = ""
    sources: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def vendor(self) -> str:
        """The vendor in its id: `amazon`."""
        return self.foundation_model.split(".")[0]

    def inference_config(self, max_tokens: int, temperature: float = 0.0, top_p: float | None = None) -> dict[str, Any]:
        """Converse's inferenceConfig: temperature, or `top_p` in its place, for models that take one."""
        config: dict[str, Any] = {"maxTokens": max_tokens + self.reasoning_tokens}
        if self.sampling != "none":
            config |= {"temperature": temperature} if top_p is None else {"topP": top_p}
        return config

    @property
    def processed(self) -> str:
        """Where a request may be processed, in words."""
        return _ROUTING_WORDS[self.routing]

    @property
    def needs(self) -> tuple[str, ...]:
        """What the account must have before the first call."""
        subscription = "a subscription in AWS Marketplace (aws-marketplace:Subscribe, and a valid way to pay)"
        form = "Anthropic's use-case form (Amazon Bedrock console, Model catalog, any Claude model)"
        return tuple(text for text, needed in ((subscription, self.marketplace), (form, self.use_case_form)) if needed)


class _Listed(Sourced, Judge):
    """A judge of the catalog: its facts have sources."""

    sources: tuple[str, ...]


@cache
def judges() -> tuple[Judge, ...]:
    """Every judge of the catalog."""
    return tuple(_Listed(**entry) for entry in read("judges.yaml")["judges"])


@cache
def _assumptions() -> dict[str, Asking]:
    return {vendor: Asking(**values) for vendor, values in read("judges.yaml")["assumed"].items()}


def judge(judge_id: str) -> Judge | None:
    """The judge with this id, or None when the catalog does not list it."""
    return next((entry for entry in judges() if entry.id == judge_id), None)


def judge_or_assumed(judge_id: str) -> Judge:
    """The judge with this id; one that is not listed is asked in the way that none of its vendor's models refuses."""
    listed = judge(judge_id)
    if listed:
        return listed
    found = None if judge_id.startswith("arn:") else _ID.match(judge_id)
    vendor, geography = (found["vendor"], found["geography"]) if found else ("arn", None)
    asking = _assumptions().get(vendor) or _assumptions()["other"]
    routing: Routing = _GEOGRAPHIES.get(geography, "geographic") if geography else "in-region"
    return Judge(
        id=judge_id,
        name=judge_id,
        foundation_model=found["model"] if found else judge_id,
        routing=routing,
        regions=(),
        assumed=True,
        **asking.model_dump(),
    )


def default_judge(region: str) -> Judge | None:
    """The judge of a deployment that names none: it works in a new account, and keeps the data in the Region."""
    return next((entry for entry in judges() if region in entry.default_in), None)
