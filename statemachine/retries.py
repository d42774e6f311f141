"""The retry policy of all Task states, as data. `statemachine.definition` writes it into the states.

Each Retry entry has its own counter of attempts. The first entry that lists the error applies.

Sources:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html for the members of an entry,
the Errors section of https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html for
the error names that begin with `Lambda.`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal


@dataclass(frozen=True)
class Retrier:
    """One Retry entry. `seconds` is the first wait, `rate` the backoff rate, `longest` the maximum wait.

    With full jitter, Step Functions draws each wait between 0 and its value, so the total is half as long on average.
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
        """The wait before each attempt in seconds. With full jitter, the maximum wait."""
        for attempt in range(self.attempts):
            yield min(self.seconds * self.rate**attempt, self.longest)

    def max_seconds(self) -> float:
        """The maximum total of all waits."""
        return sum(self.waits())

    def min_seconds(self) -> float:
        """The total of all waits that 99 % of cases exceed.

        With full jitter the total is a sum of uniform variables. It is approximately normal.
        """
        if self.jitter == "NONE":
            return self.max_seconds()
        deviation = math.sqrt(sum(wait**2 for wait in self.waits()) / 12)
        return max(0.0, NormalDist(self.max_seconds() / 2, deviation).inv_cdf(0.01))

    def entry(self) -> dict[str, Any]:
        """The entry in the Amazon States Language."""
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
    why="Lambda makes a function Inactive after some weeks without invocations; a new function is Pending. The first "
    "invocation fails and activates it. It took 40 to 106 seconds in reported cases. Jitter is off to keep the full "
    "time: an execution waits for its own functions, so there are no concurrent retries to spread.",
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
    why="Other functions use the account's concurrency, or the addresses or network interfaces of the VPC. This can "
    "last for hours. Full jitter spreads the executions that wait for the same limit.",
)
RELEASE_BUSY_ACCOUNT = replace(
    BUSY_ACCOUNT,
    attempts=66,
    why="As above, for longer: until the release succeeds, the endpoint costs money every hour.",
)
TEMPORARY = Retrier(
    "temporary error",
    ("RetryableError", "ThrottledError"),
    seconds=5,
    attempts=8,
    rate=2,
    longest=120,
    jitter="NONE",
    why="An AWS service throttled the step, failed temporarily, or does not return a new resource yet. Jitter is off "
    "to keep the full time. The retries of the SDK inside the step have jitter, which spreads the calls.",
)
LAMBDA_FAILURE = Retrier(
    "Lambda service failure",
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
    why="The Lambda service failed before or after the step ran. All steps are idempotent.",
)
CRASH = Retrier(
    "crash or time limit",
    ("Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"),
    seconds=5,
    attempts=2,
    rate=2,
    longest=60,
    jitter="FULL",
    why="The function crashed or timed out. The next attempt continues from the stored results. More than two retries "
    "would end in the same way.",
)
CRASH_WITHOUT_TIMEOUT = replace(
    CRASH,
    errors=("Lambda.Unknown", "Sandbox.Timedout"),
    why="As above. States.Timeout is not retried: here it means that nobody answered in time, or no place became "
    "free, which ends the run.",
)
BUSY_TRAINING = Retrier(
    "no training capacity",
    ("CapacityBusyError",),
    seconds=300,
    attempts=144,
    rate=1.1,
    longest=1200,
    jitter="FULL",
    why="Runs of this deployment wait in a queue before. Here, jobs of other applications use the account's quota. "
    "Capacity is available again when one of them ends, after hours.",
)
NOT_RELEASED = Retrier(
    "not released yet",
    ("StillAliveError", "AwsError", *CRASH.errors),
    seconds=5,
    attempts=14,
    rate=2,
    longest=300,
    jitter="NONE",
    why="Bedrock rejects the deletion temporarily, or the endpoint still exists. Jitter is off to keep the full time: "
    "a run deletes its own endpoint, so there are no concurrent retries to spread.",
)

DEFAULT = (NOT_READY, BUSY_ACCOUNT, TEMPORARY, LAMBDA_FAILURE, CRASH)
RELEASING = (NOT_READY, RELEASE_BUSY_ACCOUNT, NOT_RELEASED, TEMPORARY, LAMBDA_FAILURE)
# The policy of tasks that wait for a token.
WAITING = (NOT_READY, BUSY_ACCOUNT, TEMPORARY, LAMBDA_FAILURE, CRASH_WITHOUT_TIMEOUT)
EXCEPTIONS: dict[str, tuple[Retrier, ...]] = {
    "Wait for a preparation place": WAITING,
    "Ask for approval of the generation": WAITING,
    "Wait for a preparation place after the approval": WAITING,
    "Wait for a preparation place for the next turn": WAITING,
    "Ask for approval": WAITING,
    "Wait for a training place": WAITING,
    "Start the customization": (NOT_READY, BUSY_ACCOUNT, BUSY_TRAINING, TEMPORARY, LAMBDA_FAILURE, CRASH),
    "Release the throughput": RELEASING,
    "Release the refused model": RELEASING,
    "Release after a failure": RELEASING,
}


def retriers(state: str) -> tuple[Retrier, ...]:
    """The Retry entries of a Task state, by its name."""
    return EXCEPTIONS.get(state, DEFAULT)
