"""Keeps the process of a function after an exception. MiniStack ends it.

On AWS the runtime reports the exception and waits for the next event. Only a process that exits or times out is
replaced. So the global variables of a module survive a failed invocation, and a retry needs no cold start.
"""

from typing import Any

from ministack.core import lambda_runtime

# MiniStack's worker script reports an exception with the status "error", which makes MiniStack end the process.
_ENDS = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
_STAYS = '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}'


def install() -> None:
    """Reports exceptions as a normal result of the worker, and turns that result into an error afterwards."""
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_ENDS) != 1:
        raise RuntimeError(
            "MiniStack's worker script has changed: adapt local/patches/lambda_functions/warm_functions.py."
        )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_ENDS, _STAYS)
    original = lambda_runtime.Worker.invoke

    def invoke(worker: Any, *arguments: Any, **rest: Any) -> dict[str, Any]:
        response: dict[str, Any] = original(worker, *arguments, **rest)
        raised = response.pop("raised", None)
        return response | {"status": "error", **raised} if raised else response

    lambda_runtime.Worker.invoke = invoke
