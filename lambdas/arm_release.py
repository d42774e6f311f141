"""Arms the release switch before anything is bought.

Calls: scheduler:CreateSchedule, scheduler:GetSchedule, iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.aws.scheduler import OneTimeSchedules
from tuner.serving.switch import arm
from tuner.times import iso


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, str]:
    release_at = arm(
        OneTimeSchedules(env.schedule_group),
        env.deployment.name,
        event.run_id,
        hours=env.deployment.longest_throughput_hours,
        function_arn=env.release_function_arn,
        role_arn=env.scheduler_role_arn,
    )
    return {"release_at": iso(release_at)}
