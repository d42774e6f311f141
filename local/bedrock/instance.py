"""The local Bedrock of this server process."""

from __future__ import annotations

import atexit
from functools import cache

from local.bedrock.jobs.role import assume
from local.bedrock.jobs.storage import RoleStorage, Storage
from local.bedrock.local_bedrock import LocalBedrock
from local.bedrock.state.records import InvocationJob, Job
from local.bedrock.state.settings import Settings
from local.folder import CloudFolder


def open_role_storage(job: Job | InvocationJob) -> Storage:
    """S3 with the credentials of the job's service role."""
    credentials = assume(job.role_arn, job.account_region, job.arn)
    return RoleStorage(credentials, job.account_region.region)


@cache
def instance() -> LocalBedrock:
    """The instance, created on first use. Its processes end with this process."""
    bedrock = LocalBedrock(CloudFolder.default().root / "bedrock", Settings(), open_role_storage)
    atexit.register(bedrock.close)
    return bedrock
