"""Every error a run can end with, as one tree.

    TunerError
    ├── RetryableError                 the same call may succeed later: the state machine asks again
    │   ├── ThrottledError             AWS asked for fewer calls
    │   ├── CapacityBusyError          a quota is in use by other work that will end (training jobs at a time)
    │   └── StillAliveError            a paid endpoint was told to go and has not gone yet
    ├── RunRefusedError                nothing has been spent
    │   ├── SettingsError              run.yaml or the deployment's settings
    │   ├── DatasetError               the files of the dataset
    │   ├── ModelUnavailableError      past its end of life, not tunable, not in this Region
    │   ├── CommitmentNotAllowedError  the deployment does not allow this term
    │   ├── QuotaError                 a quota that waiting does not raise
    │   ├── BudgetExceededError        the estimate is over the budget
    │   ├── ApprovalExpiredError       nobody answered whether the run may spend what it costs
    │   └── ApprovalRejectedError      somebody answered that it may not
    ├── AccessDeniedError              a role lacks a permission: the message names the action
    ├── GenerationError                the documents do not give the validation data asked for
    ├── CustomizationFailedError       the customization job ended Failed or Stopped
    ├── EndpointFailedError            throughput or deployment ended Failed, or went away
    ├── EvaluationError                answers or scores that cannot be used
    └── AwsError                       any other answer of AWS that asking again does not mend

A class's name is what the state machine's `ErrorEquals` matches, so it is an interface: renaming one is a change of
statemachine/customization.asl.json too (a test compares them). A message says what is wrong, where, and what to do.
"""


class TunerError(Exception):
    """The root: catch it at the edge, show its message, exit with 1."""


class RetryableError(TunerError):
    """The same call may succeed later."""


class ThrottledError(RetryableError):
    """AWS asked for fewer calls per second."""


class CapacityBusyError(RetryableError):
    """A quota is in use by work that will end, for instance two training jobs at a time: wait patiently."""


class StillAliveError(RetryableError):
    """A paid endpoint was told to go and has not gone yet."""


class RunRefusedError(TunerError):
    """The run was refused before anything was spent."""


class SettingsError(RunRefusedError):
    """The run's or the deployment's settings are wrong: every finding is in the message, one per line."""


class DatasetError(RunRefusedError):
    """The dataset is wrong: the message holds the first findings with file and line, the run's folder all of them."""


class ModelUnavailableError(RunRefusedError):
    """The base model is past its end of life, cannot be tuned, or is not offered in the deployment's Region."""


class CommitmentNotAllowedError(RunRefusedError):
    """The run asks for a term of throughput that the deployment does not allow."""


class QuotaError(RunRefusedError):
    """A service quota is too small, and waiting does not raise it."""


class BudgetExceededError(RunRefusedError):
    """The estimated cost is over the run's or the deployment's budget."""


class ApprovalExpiredError(RunRefusedError):
    """The run's cost had to be approved by a person, and nobody answered in time."""


class ApprovalRejectedError(RunRefusedError):
    """The run's cost had to be approved by a person, who rejected it: the message says who, and why."""


class AccessDeniedError(TunerError):
    """A role lacks a permission. AWS's own message names the role, the action and the resource."""


class GenerationError(TunerError):
    """The documents do not give as many question-answer pairs as asked for: the message says how many, and why."""


class CustomizationFailedError(TunerError):
    """The customization job ended Failed or Stopped. Carries Bedrock's failureMessage."""


class EndpointFailedError(TunerError):
    """Provisioned throughput or a custom model deployment ended Failed, or went away while it was needed."""


class EvaluationError(TunerError):
    """There are no answers or scores that a report could be made from."""


class AwsError(TunerError):
    """Any other answer of AWS that asking again does not mend."""
