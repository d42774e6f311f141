"""Rules and schedules invoke functions asynchronously: a function that fails is tried again, and then told of.

MiniStack's EventBridge calls a function once and forgets what came of it. AWS, and MiniStack's own asynchronous
invocations, try as often as the function's settings say, and put what failed for good into its queue.
LAMBDA_ASYNC_RETRY_BASE_SECONDS is the first pause: 1 second, where AWS takes a minute.
"""

import json
import logging

from ministack.services import eventbridge, lambda_svc

logger = logging.getLogger(__name__)


def install() -> None:
    """Deliver to functions by the asynchronous way of Lambda."""
    eventbridge._dispatch_to_lambda = _deliver


def _deliver(arn: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        logger.warning("There is no function %s to deliver an event to", name)
        return
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))
