"""The names and ARNs of a deployment's resources, for its grants.

The names of functions, state machine and schedule group are derived from the deployment's name, for two reasons. Their
ARNs are known before the resources exist: the state machine calls functions that need the ARN of the state machine. And
a second deployment with the same name, which would release the throughput of the first one, fails in the same Region.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.settings import DeploymentSettings


def function_name(deployment: str, step: str) -> str:
    """The function name of a step: `tuner-pin-inputs` for `pin_inputs` of the deployment `tuner`."""
    return f"{deployment}-{step.replace('_', '-')}"


@dataclass(frozen=True)
class Arns:
    """The ARNs of a deployment. Fields are known once the resource is declared; properties are derived from names.

    The ARNs of the roles are empty until the roles are declared. The grants of these roles do not need them.
    """

    deployment: DeploymentSettings
    partition: str
    account: str
    data_bucket: str
    artifacts_bucket: str
    key: str
    topic: str
    state_table: str
    arrivals_queue: str
    dead_letter_queue: str
    encoder: str
    customization_role: str = ""
    batch_role: str = ""
    scheduler_role: str = ""

    @property
    def region(self) -> str:
        """The deployment's Region."""
        return self.deployment.region

    @property
    def state_machine_name(self) -> str:
        """Name of the state machine."""
        return f"{self.deployment.name}-customization"

    @property
    def state_machine(self) -> str:
        """The state machine."""
        return self.arn("states", f"stateMachine:{self.state_machine_name}")

    @property
    def executions(self) -> str:
        """Every execution of the state machine."""
        return self.arn("states", f"execution:{self.state_machine_name}:*")

    @property
    def schedule_group_name(self) -> str:
        """Name of the group that the release schedules are in."""
        return f"{self.deployment.name}-releases"

    @property
    def schedule_group(self) -> str:
        """The group that the release schedules are in."""
        return self.arn("scheduler", f"schedule-group/{self.schedule_group_name}")

    @property
    def schedules(self) -> str:
        """Every schedule of the group."""
        return self.arn("scheduler", f"schedule/{self.schedule_group_name}/*")

    def function(self, step: str) -> str:
        """The function of a step."""
        return self.arn("lambda", f"function:{function_name(self.deployment.name, step)}")

    def versions(self, step: str) -> str:
        """Every published version of the function of a step."""
        return f"{self.function(step)}:*"

    def log_group_name(self, step: str) -> str:
        """Name of the log group of a step's function."""
        return f"/aws/lambda/{function_name(self.deployment.name, step)}"

    def log_streams(self, step: str) -> str:
        """Every stream of the log group of a step's function."""
        return self.arn("logs", f"log-group:{self.log_group_name(step)}:*")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account in the deployment's Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bedrock(self, resource: str) -> str:
        """A Bedrock resource of this account."""
        return self.arn("bedrock", resource)

    def foundation_model(self, model_id: str, region: str | None = None) -> str:
        """A foundation model. Its ARN has no account."""
        return f"arn:{self.partition}:bedrock:{self.region if region is None else region}::foundation-model/{model_id}"
