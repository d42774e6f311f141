"""The error name of a Python exception in a function. AWS uses the name of the class, MiniStack `Runtime.HandlerError`.

Retry and Catch of a state machine match this name. The name is taken from the traceback, whose last line is
`module.ClassName: message`.
"""

import re
from typing import Any

from ministack.services import lambda_svc

_GENERIC = "Runtime.HandlerError"
_LAST_LINE = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)(?:: .*)?$")


def install() -> None:
    """Replaces the generic name in the results of MiniStack's Python workers."""
    original = lambda_svc._execute_function_warm

    def with_class_name(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = original(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == _GENERIC:
            body["errorType"] = error_class(result.get("log", ""), body.get("errorMessage", "")) or _GENERIC
        return result

    lambda_svc._execute_function_warm = with_class_name


def error_class(log: str, message: str) -> str | None:
    """The class name in the last line of the traceback in `log`. The exception's `message` may have several lines."""
    text = log.rstrip()
    message = message.rstrip()
    if message and text.endswith(message):
        text = text[: -len(message)].rstrip().removesuffix(":")
    lines = text.splitlines()
    match = _LAST_LINE.match(lines[-1]) if lines else None
    return match.group(1) if match else None
