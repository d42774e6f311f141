"""Creates boto3 clients with timeouts and retries: one per service and process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

import boto3
from botocore.config import Config

from tuner import __version__
from tuner.core.errors import AwsError

# A part of a response of boto3, which has no types. The function that gets one makes a model of it.
Response: TypeAlias = Mapping[str, Any]

# A model may take a minute for a long answer. All other services answer within seconds.
_READ_TIMEOUT = {"bedrock-runtime": 120}
_USER_AGENT = f"bedrock-tuner/{__version__}"


@cache
def client(service: str, region: str | None = None, attempts: int = 4, seconds: float | None = None) -> Any:
    """The client for `service` in `region` (None: the environment's). Threads may share it.

    `attempts` includes the first call. A caller that adapts to throttling itself uses 1, so that it sees every
    throttling. `seconds` limits the time to connect and the time to read, for calls that a person waits for.
    """
    config = Config(
        connect_timeout=seconds or 5,
        read_timeout=seconds or _READ_TIMEOUT.get(service, 30),
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra=_USER_AGENT,
        max_pool_connections=256,  # the highest answer_concurrency; connections are opened when needed
    )
    try:
        return boto3.client(service, region_name=region, config=config)
    except ValueError as error:  # botocore raises it for an endpoint that is not a URL
        raise AwsError(f"{error}: AWS_ENDPOINT_URL must be an address, such as https://127.0.0.1:4566.") from error
