"""All errors that can end a run, as one tree of classes.

    TunerError
    ├── RetryableError                 a later attempt may succeed: the state machine retries
    │   ├── ThrottledError             AWS throttled the call
    │   ├── CapacityBusyError          other work uses the whole quota and will end (concurrent training jobs)
    │   └── StillAliveError            the deletion of a paid endpoint has been requested and is not finished
    ├── RunRefusedError                the run was refused before it spent anything on training or serving
    │   ├── SettingsError              run.yaml or the deployment's settings
    │   ├── DatasetError               the files of the dataset
    │   ├── ModelUnavailableError      past its end of life, not customizable, not in this Region
    │   ├── CommitmentNotAllowedError  the deployment does not allow this commitment term
    │   ├── QuotaError                 a service quota is too small
    │   ├── BudgetExceededError        the estimate is over the budget
    │   ├── ApprovalExpiredError       the cost needed an approval, and nobody answered in time
    │   └── ApprovalRejectedError      the cost needed an approval, and it was rejected
    ├── AccessDeniedError              an IAM role lacks a permission: the message names the action
    ├── GenerationError                the documents do not yield enough question-answer pairs
    ├── CustomizationFailedError       the customization job ended as Failed or Stopped
    ├── EndpointFailedError            provisioned throughput or a deployment failed, or was deleted
    ├── EvaluationError                answers or scores are missing or unusable
    ├── SpendingLimitError             a paid call would pass what was approved for the run
    ├── ArtifactError                  a file of a run does not have the documented form
    └── AwsError                       any other AWS error that a retry does not solve

The state machine's `ErrorEquals` matches the class names, so they are an interface: to rename one, change
statemachine/retries.py and statemachine/customization.asl.json too (a test compares them). A message says what is
wrong, where, and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class TunerError(Exception):
    """Base class of all errors of this project. Entry points catch it, print its message and exit with status 1."""

    # Whether a model may have worked before the call failed: then AWS may bill the call.
    may_be_billed = False


class RetryableError(TunerError):
    """A later attempt of the same call may succeed."""

    may_be_billed = True


class ThrottledError(RetryableError):
    """AWS throttled the call."""

    may_be_billed = False


class CapacityBusyError(RetryableError):
    """Other work uses the whole quota, for instance the concurrent training jobs. The run waits until it ends."""


class StillAliveError(RetryableError):
    """The deletion of a paid endpoint has been requested, and the endpoint still exists."""


class RunRefusedError(TunerError):
    """The run was refused before it spent anything."""

    # The most bytes of a message, because names of people's files and settings in it can be long. It is the cause of
    # the execution, which Step Functions limits to 32,768 characters, and the text of a notification.
    MOST_BYTES: ClassVar[int] = 2000

    def __init__(self, message: str) -> None:
        data = message.encode("utf-8", "replace")
        kept = data[: self.MOST_BYTES - len(_SHORTENED)].decode("utf-8", "ignore")
        super().__init__(message if len(data) <= self.MOST_BYTES else kept + _SHORTENED)


_SHORTENED = " [...]"


class SettingsError(RunRefusedError):
    """The run's or the deployment's settings are wrong. The message lists the first findings, one per line."""


class DatasetError(RunRefusedError):
    """The dataset is wrong. The message lists the first findings with file and line; the run's folder has all."""

    MOST_BYTES = 8000


class ModelUnavailableError(RunRefusedError):
    """The base model is past its end of life, cannot be customized, or is not offered in the deployment's Region."""


class CommitmentNotAllowedError(RunRefusedError):
    """The run asks for a commitment term that the deployment does not allow."""


class QuotaError(RunRefusedError):
    """A service quota is too small. Waiting does not help: ask AWS to raise it."""


class BudgetExceededError(RunRefusedError):
    """The estimated cost is over the budget, or a ceiling of the month is reached and the run needs test requests."""


class ApprovalExpiredError(RunRefusedError):
    """A person had to approve the run's cost, and nobody answered in time."""


class ApprovalRejectedError(RunRefusedError):
    """A person had to approve the run's cost and rejected it. The message says who, and why."""


class AccessDeniedError(TunerError):
    """An IAM role lacks a permission. AWS's message names the role, the action and the resource."""


class GenerationError(TunerError):
    """The documents yield fewer question-answer pairs than are needed. The message says how many, and why."""


class CustomizationFailedError(TunerError):
    """The customization job ended as Failed or Stopped. The message includes Bedrock's failureMessage."""


class EndpointFailedError(TunerError):
    """Provisioned throughput or a custom model deployment failed, or was deleted while the run needed it."""


class EvaluationError(TunerError):
    """Answers or scores that the report needs are missing or unusable."""


class SpendingLimitError(TunerError):
    """A paid call was not made, because the run could then cost more than what was approved for it."""


class ArtifactError(TunerError):
    """A file of a run does not have the documented form: the message names its address and the member."""


class AwsError(TunerError):
    """Any other AWS error that a retry does not solve."""
