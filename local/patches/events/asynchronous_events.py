"""Rules, schedules and custom resources invoke functions asynchronously: a function that fails is tried again.

MiniStack's EventBridge and CloudFormation call a function once and forget what came of it. AWS, and MiniStack's own
asynchronous invocations, try as often as the function's settings say, and put what failed for good into its queue.
LAMBDA_ASYNC_RETRY_BASE_SECONDS is the first pause: 1 second, where AWS takes a minute.

A function that is throttled or not ready was not tried at all: AWS keeps the event for up to six hours, with pauses
that grow from 1 second to 5 minutes (Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous
invocation"). Here they grow to LAMBDA_ASYNC_RETRY_MAX_SECONDS, 30 seconds.
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
_asynchronous: ContextVar[bool] = ContextVar("whether a service keeps the event and tries again", default=False)
_KEPT_SECONDS = 6 * 3600


def install() -> None:
    """Deliver to functions by the asynchronous way of Lambda; what comes later calls functions within it."""
    eventbridge._dispatch_to_lambda = _deliver
    lambda_svc._execute_function = _until_it_runs(lambda_svc._execute_function)
    lambda_svc.invoke_async_with_retry = _asynchronously(lambda_svc.invoke_async_with_retry)
    custom_resource.invoke_custom_resource = _asynchronously(custom_resource.invoke_custom_resource)


def _asynchronously(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **rest: Any) -> Any:
        token = _asynchronous.set(True)
        try:
            return original(*arguments, **rest)
        finally:
            _asynchronous.reset(token)

    return call


def _until_it_runs(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(function: dict[str, Any], event: Any) -> dict[str, Any]:
        began, pause = time.monotonic(), lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
        while True:
            result = original(function, event)
            refused = result.get("throttle") or result.get("not_ready")
            if not (refused and _asynchronous.get()) or time.monotonic() - began > _KEPT_SECONDS:
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
