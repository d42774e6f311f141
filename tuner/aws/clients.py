"""boto3 clients, one per service and process, with bounded waits and retries."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from tuner.core.errors import AwsError

# Bedrock may take a minute to answer a long question; everything else answers within seconds or not at all.
_READ_TIMEOUT = {"bedrock-runtime": 120}
_USER_AGENT = "bedrock-tuner/0.1"


@cache
def client(service: str, region: str | None = None, attempts: int = 4, seconds: float | None = None) -> Any:
    """The client for `service` in `region` (the environment's when None); safe to share between threads.

    `attempts` counts the first one too: a caller that paces itself by what is throttled takes 1. `seconds` is how long
    an attempt may take to connect, and how long to be answered, where a person waits.
    """
    config = Config(
        connect_timeout=seconds or 5,
        read_timeout=seconds or _READ_TIMEOUT.get(service, 30),
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra=_USER_AGENT,
        max_pool_connections=256,  # as many as may be asked at once; made when they are needed
    )
    try:
        return boto3.client(service, region_name=region, config=config)
    except ValueError as error:  # botocore's word for an endpoint that is no address
        raise AwsError(f"{error}: AWS_ENDPOINT_URL must be an address, such as https://127.0.0.1:4566.") from error
