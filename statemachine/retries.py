"""The retry policy of every Task state, as data. `statemachine.definition` writes it into the states.

A Retry entry keeps its own count of attempts, and the first entry that names the error applies. Sources:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html for the entries' meaning,
the Errors section of https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html for the names with `Lambda.`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal


@dataclass(frozen=True)
class Retrier:
    """One Retry entry. `seconds` is the first wait, `rate` multiplies it each time, `longest` limits it.

    With `jitter` FULL each wait is drawn between 0 and its value, so the entry lasts half as long on average.
    """

    name: str
    errors: tuple[str, ...]
    seconds: int
    attempts: int
    rate: float
    longest: int
    jitter: Literal["FULL", "NONE"]
    why: str

    def waits(self) -> Iterator[float]:
        """The wait before each attempt, in seconds; with full jitter the most that it can be."""
        for attempt in range(self.attempts):
            yield min(self.seconds * self.rate**attempt, self.longest)

    def most_seconds(self) -> float:
        """How long it asks again at most."""
        return sum(self.waits())

    def least_seconds(self) -> float:
        """How long it asks again at least, in 99 of 100 cases: with full jitter the sum of many uniform waits."""
        if self.jitter == "NONE":
            return self.most_seconds()
        deviation = math.sqrt(sum(wait**2 for wait in self.waits()) / 12)
        return max(0.0, NormalDist(self.most_seconds() / 2, deviation).inv_cdf(0.01))

    def entry(self) -> dict[str, Any]:
        """As it stands in the definition."""
        return {
            "ErrorEquals": list(self.errors),
            "IntervalSeconds": self.seconds,
            "MaxAttempts": self.attempts,
            "BackoffRate": self.rate,
            "MaxDelaySeconds": self.longest,
            "JitterStrategy": self.jitter,
        }


NOT_READY = Retrier(
    "function not ready",
    (
        "Lambda.CodeArtifactUserPendingException",
        "Lambda.ResourceNotReadyException",
        "Lambda.ResourceConflictException",
        "Lambda.ENINotReadyException",
    ),
    seconds=5,
    attempts=10,
    rate=2,
    longest=60,
    jitter="NONE",
    # https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/801
    why="A function that was not called for weeks is Inactive, one that was just deployed is Pending. Its first call "
    "fails and wakes it; 40 to 106 seconds have been observed until it answers. An execution waits for its own "
    "function, so there is nothing to spread: without jitter the whole time is kept.",
)
BUSY_ACCOUNT = Retrier(
    "account at a limit",
    (
        "Lambda.TooManyRequestsException",
        "Lambda.EC2ThrottledException",
        "Lambda.ENILimitReachedException",
        "Lambda.SubnetIPAddressLimitReachedException",
    ),
    seconds=5,
    attempts=30,
    rate=2,
    longest=900,
    jitter="FULL",
    why="Other functions use up the account's concurrency, a VPC's addresses or its network interfaces. That can last "
    "for hours. Full jitter spreads the executions that wait for the same limit.",
)
RELEASE_BUSY_ACCOUNT = replace(
    BUSY_ACCOUNT,
    attempts=66,
    why="As above, for longer: until the release is done, an endpoint is paid for by the hour.",
)
PASSING = Retrier(
    "passing error",
    ("RetryableError", "ThrottledError"),
    seconds=5,
    attempts=8,
    rate=2,
    longest=120,
    jitter="NONE",
    why="An AWS service asked for fewer calls, failed for a moment, or does not show yet what was just created. "
    "Without jitter the whole time is kept. The SDK's own retries in the step are jittered, which spreads the calls.",
)
LAMBDA_FAILURE = Retrier(
    "failure of Lambda",
    (
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.EC2UnexpectedException",
    ),
    seconds=2,
    attempts=6,
    rate=2,
    longest=60,
    jitter="FULL",
    why="The Lambda service failed before or after the step ran. Every step can be repeated.",
)
CRASH = Retrier(
    "crash or time limit",
    ("Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"),
    seconds=5,
    attempts=2,
    rate=2,
    longest=60,
    jitter="FULL",
    why="The function died or took too long. It goes on where it stopped; a third time would end the same way.",
)
UNANSWERED = replace(
    CRASH,
    errors=("Lambda.Unknown", "Sandbox.Timedout"),
    why="As above, but States.Timeout means here that nobody answered in time: that ends the run.",
)
BUSY_TRAINING = Retrier(
    "no place for training",
    ("CapacityBusyError",),
    seconds=300,
    attempts=144,
    rate=1.1,
    longest=1200,
    jitter="FULL",
    why="Other customization jobs use the account's quota. A place comes free when one of them ends, after hours.",
)
NOT_RELEASED = Retrier(
    "not released yet",
    ("StillAliveError", "AwsError", *CRASH.errors),
    seconds=5,
    attempts=14,
    rate=2,
    longest=300,
    jitter="NONE",
    why="Bedrock refuses the deletion for a while, or the endpoint is still there. One run deletes its own endpoint, "
    "so there is nothing to spread: without jitter the whole time is kept.",
)

USUAL = (NOT_READY, BUSY_ACCOUNT, PASSING, LAMBDA_FAILURE, CRASH)
RELEASING = (NOT_READY, RELEASE_BUSY_ACCOUNT, NOT_RELEASED, PASSING, LAMBDA_FAILURE)
EXCEPTIONS: dict[str, tuple[Retrier, ...]] = {
    "Ask for approval": (NOT_READY, BUSY_ACCOUNT, PASSING, LAMBDA_FAILURE, UNANSWERED),
    "Start the customization": (NOT_READY, BUSY_ACCOUNT, BUSY_TRAINING, PASSING, LAMBDA_FAILURE, CRASH),
    "Release the throughput": RELEASING,
    "Release the refused model": RELEASING,
    "Release after a failure": RELEASING,
}


def retriers(state: str) -> tuple[Retrier, ...]:
    """The policy of a Task state, by its name."""
    return EXCEPTIONS.get(state, USUAL)
