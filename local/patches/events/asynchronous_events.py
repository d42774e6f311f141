"""Retries for the asynchronous invocations by rules, schedules and custom resources.

MiniStack's EventBridge and CloudFormation invoke a function once and ignore the result. AWS, and MiniStack's own
asynchronous invocations, retry as the function's settings say, and send an event that failed all attempts to the
function's dead-letter queue. The first pause is LAMBDA_ASYNC_RETRY_BASE_SECONDS, by default 1 second; a minute on AWS.

Throttling and functions that are not ready do not count as attempts. AWS retries them for up to six hours, with pauses
from 1 second to 5 minutes (Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous
invocation"). Here the pauses grow to LAMBDA_ASYNC_RETRY_MAX_SECONDS, by default 30 seconds.
"""

import json
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import custom_resource

logger = logging.getLogger(__name__)
# Both kinds of invocation end in the same function of MiniStack.
_asynchronous: ContextVar[bool] = ContextVar("whether the invocation is asynchronous", default=False)
_MAX_AGE_SECONDS = 6 * 3600


def install() -> None:
    """Delivers events with Lambda's asynchronous invocation, and retries refused invocations inside of it."""
    eventbridge._dispatch_to_lambda = _deliver
    lambda_svc._execute_function = _retrying_refusals(lambda_svc._execute_function)
    lambda_svc.invoke_async_with_retry = asynchronously(lambda_svc.invoke_async_with_retry)
    custom_resource.invoke_custom_resource = asynchronously(custom_resource.invoke_custom_resource)


def asynchronously(original: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a refused invocation inside of `original` wait and try again, as Lambda does for an event."""

    def call(*arguments: Any, **rest: Any) -> Any:
        token = _asynchronous.set(True)
        try:
            return original(*arguments, **rest)
        finally:
            _asynchronous.reset(token)

    return call


def _retrying_refusals(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(function: dict[str, Any], event: Any) -> dict[str, Any]:
        began, pause = time.monotonic(), lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
        while True:
            result = original(function, event)
            # Lambda refused the invocation before the function ran.
            refused = result.get("throttle") or result.get("not_ready")
            if not (refused and _asynchronous.get()) or time.monotonic() - began > _MAX_AGE_SECONDS:
                return result
            time.sleep(pause)
            pause = min(2 * pause, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS)

    return execute


def _deliver(arn: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        logger.warning("There is no function %s to deliver an event to", name)
        return
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))
