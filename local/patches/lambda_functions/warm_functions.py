"""An exception in a Lambda function: MiniStack ends the function's process, AWS keeps it for the next invocation.

On AWS the runtime reports the exception and asks for the next event; only a process that exits, or runs out of time,
is replaced. So what a module keeps between invocations outlives a failure there, and here; and a retry costs no start.
"""

from typing import Any

from ministack.core import lambda_runtime

# MiniStack tells the two outcomes apart by the status, and ends the process of an error.
_ENDS = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
_STAYS = '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}'


def install() -> None:
    """Have Python's workers report an exception as an outcome, which becomes an error once their process is spared."""
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_ENDS) != 1:
        raise RuntimeError("MiniStack's Python worker does not report exceptions as local/patches expects.")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_ENDS, _STAYS)
    original = lambda_runtime.Worker.invoke

    def invoke(worker: Any, *arguments: Any, **rest: Any) -> dict[str, Any]:
        response: dict[str, Any] = original(worker, *arguments, **rest)
        raised = response.pop("raised", None)
        return response | {"status": "error", **raised} if raised else response

    lambda_runtime.Worker.invoke = invoke
