"""Invokes a handler as Lambda does, with the environment of the functions."""

from typing import Any

from tests.lambda_context import CONTEXT

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


TWO_BASE_MODELS: dict[str, Any] = {
    "candidates": [{"base_model": ["amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"]}]
}
