"""State "Arm the release switch": creates the release schedule before anything is bought.

Calls: scheduler:CreateSchedule, scheduler:GetSchedule, iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.scheduler import OneTimeSchedules
from tuner.core.times import iso
from tuner.serving.release_schedule import ReleaseSchedule


class Schedule(StepResult):
    """When the schedule fires."""

    release_at: str


def release_schedule(env: Environment, run_id: str) -> ReleaseSchedule:
    """The run's release schedule, which calls the release function."""
    return ReleaseSchedule(
        OneTimeSchedules(env.schedule_group),
        env.deployment.name,
        run_id,
        function_arn=env.release_function_arn,
        role_arn=env.scheduler_role_arn,
    )


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Schedule:
    """Creates the schedule, or finds the one of an earlier attempt."""
    fires_at = release_schedule(env, event.run_id).arm(env.deployment.longest_throughput_hours)
    return Schedule(release_at=iso(fires_at))
