"""State "Arm the release switch": creates the release schedule before anything is bought.

Calls: scheduler:CreateSchedule, scheduler:GetSchedule, iam:PassRole.
"""

from __future__ import annotations

import datetime as dt

from lambdas.step import Environment, RunEvent, step
from tuner.aws.scheduler import OneTimeSchedules
from tuner.core.times import iso, now
from tuner.serving.release_schedule import ReleaseSchedule


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, str]:
    """Returns when the schedule fires."""
    schedule = ReleaseSchedule(
        OneTimeSchedules(env.schedule_group),
        env.deployment.name,
        event.run_id,
        function_arn=env.release_function_arn,
        role_arn=env.scheduler_role_arn,
    )
    at = now() + dt.timedelta(hours=env.deployment.longest_throughput_hours)
    return {"release_at": iso(schedule.create(at))}
