"""Invokes a handler as Lambda does, with the environment of the functions."""

from types import SimpleNamespace
from typing import Any

CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:f", aws_request_id="r", log_group_name="g"
)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tuner-customization"
GROUP = "tuner-releases"
SETTINGS = {
    "quiet_seconds": 1,
    "training_polling": {"shortest": 7, "longest": 9},
    "serving_polling": {"shortest": 3, "longest": 5},
}


def invoke(module: Any, **event: Any) -> dict[str, Any]:
    result: dict[str, Any] = module.handler(event, CONTEXT)
    return result
