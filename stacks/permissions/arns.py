"""The names and ARNs that permissions are on.

Functions, the state machine and the schedule group have names that follow from the deployment's: an ARN can then be
written before the thing exists (the state machine calls functions that must know the state machine), and a second
deployment of the same name, which would release the first one's throughput, cannot be made in the same Region.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.settings import DeploymentSettings


def function_name(deployment: str, step: str) -> str:
    """`pin_inputs` of deployment `tuner` is the function `tuner-pin-inputs`."""
    return f"{deployment}-{step.replace('_', '-')}"


@dataclass(frozen=True)
class Places:
    """ARNs. Those that are fields are known once the resource is declared; the others follow from names.

    The two roles are empty until they exist: nothing that they may do is on a role.
    """

    deployment: DeploymentSettings
    partition: str
    account: str
    data_bucket: str
    artifacts_bucket: str
    key: str
    topic: str
    undelivered: str
    encoder: str
    customization_role: str = ""
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
        """A step's function."""
        return self.arn("lambda", f"function:{function_name(self.deployment.name, step)}")

    def log_group_name(self, step: str) -> str:
        """Name of the log group of a step's function."""
        return f"/aws/lambda/{function_name(self.deployment.name, step)}"

    def log_streams(self, step: str) -> str:
        """Every stream of the log group of a step's function."""
        return self.arn("logs", f"log-group:{self.log_group_name(step)}:*")

    def arn(self, service: str, resource: str) -> str:
        """A resource of this account in the deployment's Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bedrock(self, resource: str) -> str:
        """A Bedrock resource of this account."""
        return self.arn("bedrock", resource)

    def foundation_model(self, model_id: str, region: str | None = None) -> str:
        """A foundation model: it belongs to no account."""
        return f"arn:{self.partition}:bedrock:{self.region if region is None else region}::foundation-model/{model_id}"
