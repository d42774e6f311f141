"""The judges: supported request parameters, prerequisites, and the default judge of each Region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, TypeAlias

from tuner.catalog.data_files import Sourced, read
from tuner.core.strict_model import StrictModel

# Converse's inferenceConfig. Which parameters it has depends on the model.
InferenceConfig: TypeAlias = Mapping[str, int | float]
Routing = Literal["in-region", "geographic", "global"]
_GEOGRAPHIES: dict[str, Routing] = {"global": "global"}
# An optional geography (of inference profiles), then the vendor.
_ID = re.compile(r"^(?:(?P<geography>us|us-gov|eu|apac|jp|au|ca|global)\.)?(?P<model>(?P<vendor>[a-z0-9]+)\..+)$")
_ROUTING_WORDS: dict[Routing, str] = {
    "in-region": "in the deployment's Region",
    "geographic": "in any of the Regions of its inference profile",
    "global": "in any commercial Region",
}


class RequestForm(StrictModel):
    """The requests that a judge supports, and its prerequisites.

    `sampling`: which of temperature and top_p it accepts; `either` means one of them, not both. `forced_tool`: whether
    a tool call can be forced. `documents`: whether it accepts documents. `reasoning_tokens`: the maximum number of
    tokens for reasoning before the answer.
    """

    sampling: Literal["either", "both", "none"]
    forced_tool: bool
    documents: bool
    reasoning_tokens: int = 0
    marketplace: bool = False
    use_case_form: bool = False


class Judge(RequestForm):
    """A model that grades answers.

    `quota` is the name in its service quotas, or empty when that is unknown. `assumed`: the catalog does not list the
    judge, and its properties are those of its vendor's other models.
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

    def inference_config(
        self, max_tokens: int, temperature: float = 0.0, top_p: float | None = None
    ) -> InferenceConfig:
        """Converse's inferenceConfig. `top_p`, if given, replaces the temperature. Some models accept neither."""
        config: dict[str, int | float] = {"maxTokens": max_tokens + self.reasoning_tokens}
        if self.sampling != "none":
            config |= {"temperature": temperature} if top_p is None else {"topP": top_p}
        return config

    @property
    def processed(self) -> str:
        """Where AWS can process a request, in words."""
        return _ROUTING_WORDS[self.routing]

    @property
    def needs(self) -> tuple[str, ...]:
        """The prerequisites in the account before the first call."""
        subscription = "a subscription in AWS Marketplace (aws-marketplace:Subscribe, and a valid payment method)"
        form = "Anthropic's use-case form (Amazon Bedrock console, Model catalog, any Claude model)"
        return tuple(text for text, needed in ((subscription, self.marketplace), (form, self.use_case_form)) if needed)


class _Listed(Sourced, Judge):
    """A judge of the catalog."""

    sources: tuple[str, ...]


@cache
def judges() -> tuple[Judge, ...]:
    """All judges of the catalog."""
    return tuple(_Listed(**entry) for entry in read("judges.yaml")["judges"])


@cache
def _assumptions() -> dict[str, RequestForm]:
    return {vendor: RequestForm(**values) for vendor, values in read("judges.yaml")["assumed"].items()}


def judge(judge_id: str) -> Judge | None:
    """The judge with this id, or None when the catalog does not list it."""
    return next((entry for entry in judges() if entry.id == judge_id), None)


def judge_or_assumed(judge_id: str) -> Judge:
    """The judge with this id. For one outside the catalog, the assumptions about its vendor's models apply."""
    listed = judge(judge_id)
    if listed:
        return listed
    # The ARN of an inference profile does not show its model, so the assumptions about `arn` are the strictest ones.
    found = None if judge_id.startswith("arn:") else _ID.match(judge_id)
    vendor, geography = (found["vendor"], found["geography"]) if found else ("arn", None)
    form = _assumptions().get(vendor) or _assumptions()["other"]
    routing: Routing = _GEOGRAPHIES.get(geography, "geographic") if geography else "in-region"
    return Judge(
        id=judge_id,
        name=judge_id,
        foundation_model=found["model"] if found else judge_id,
        routing=routing,
        regions=(),
        assumed=True,
        **form.model_dump(),
    )


def default_judge(region: str) -> Judge | None:
    """The default judge of a Region. It works in a new account and processes requests in the Region only."""
    return next((entry for entry in judges() if region in entry.default_in), None)
