"""The parts of a report that say what to do next, and how the tuned model is called."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part

NextStepRule = Literal[
    "release",
    "fix-dataset",
    "fix-settings",
    "approve",
    "raise-quota",
    "look-up-failure",
    "start-again",
    "evaluate",
    "read-failed-answers",
    "prefer-contestant",
    "compare-costs",
    "accept",
    "set-a-gate",
    "keep-out",
    "keep-the-base",
    "check-what-was-lost",
    "keep-the-earlier",
    "improve-first",
    "ask-more-questions",
    "train-fewer-epochs",
    "train-longer",
    "collect-subjects",
    "fix-warnings",
    "ask-people",
    "run-on-aws",
]


class NextStep(Part):
    """One thing to do, the most important first."""

    rule: NextStepRule = Field(description="why it is there; a name that stays the same from version to version")
    action: str = Field(description="what to do, in a sentence")
    reason: str = Field(description="the facts of this run that it follows from")
    commands: tuple[str, ...] = Field((), description="commands for a shell, in their order")


class ModelCall(Part):
    """How to call the tuned model."""

    alive: bool = Field(description="whether an endpoint of the run serves the model when the report is written")
    sentence: str = Field(description="what serves the model, or that nothing does")
    serve: tuple[str, ...] = Field((), description="AWS CLI commands that make an endpoint; empty when there is one")
    endpoint: str = Field(description="ARN of the endpoint, or a placeholder for the one that `serve` makes")
    python: str = Field(description="a program of five lines for boto3")
    cli: str = Field(description="the same with the AWS CLI")
    release: str = Field(description="AWS CLI command that deletes the endpoint")
