"""The process of a function survives an exception, but not an exit."""

import io
import zipfile

import pytest
from ministack.core import lambda_runtime

from local.patches.lambda_functions import warm_functions

_CODE = """
import os
calls = 0

def handler(event, context):
    global calls
    calls += 1
    if event == "exit":
        os._exit(1)
    if event == "raise":
        raise ValueError("no such thing")
    return calls
"""


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", lambda_runtime._PYTHON_WORKER_SCRIPT)
    monkeypatch.setattr(lambda_runtime.Worker, "invoke", lambda_runtime.Worker.invoke)
    warm_functions.install()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", _CODE)
    config = {
        "FunctionName": "counts",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:counts",
        "Runtime": "python3.11",
        "Handler": "main.handler",
        "Timeout": 30,
    }
    made = lambda_runtime.Worker("counts", config, packed.getvalue())
    yield made
    made.kill()


def test_an_exception_is_an_error_and_the_process_continues(worker):
    assert worker.invoke(None, "1")["result"] == 1
    failed = worker.invoke("raise", "2")
    assert (failed["status"], failed["error"]) == ("error", "no such thing")
    assert failed["trace"].endswith("ValueError: no such thing\n")
    assert worker.invoke(None, "3")["result"] == 3


def test_an_exit_is_an_error_and_a_new_process_starts(worker):
    assert worker.invoke(None, "1")["result"] == 1
    assert worker.invoke("exit", "2")["status"] == "error"
    assert worker.invoke(None, "3")["result"] == 1


def test_a_changed_worker_script_is_an_error(monkeypatch):
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "run()")
    with pytest.raises(RuntimeError, match="worker script has changed"):
        warm_functions.install()
