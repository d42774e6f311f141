"""The one Bedrock of a server process."""

from __future__ import annotations

import atexit
from functools import cache

from local.bedrock.account_region import Scope
from local.bedrock.bedrock import Bedrock
from local.bedrock.jobs.role import assume
from local.bedrock.jobs.storage import RoleStorage, Storage
from local.bedrock.settings import Settings
from local.folder import CloudFolder


def open_role_storage(role_arn: str, scope: Scope, source_arn: str) -> Storage:
    """S3 as the service role of a job."""
    return RoleStorage(assume(role_arn, scope, source_arn), scope.region)


@cache
def instance() -> Bedrock:
    """Made on first use; what it runs ends with this process."""
    bedrock = Bedrock(CloudFolder.default().root / "bedrock", Settings(), open_role_storage)
    atexit.register(bedrock.close)
    return bedrock
