"""The process of a function survives an exception, but not an exit. Processes of a function share their code."""

import io
import json
import re
import subprocess
import time
import zipfile

import psutil
import pytest
from ministack.core import lambda_runtime

from local.patches.lambda_functions import forked_functions, warm_functions

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
    if event == "sleep":
        import time
        time.sleep(60)
    if event == "look":
        import sys
        return {
            "pid": os.getpid(),
            "environment": dict(os.environ),
            "folder": os.path.samefile(os.getcwd(), sys.path[0]),
            "paths": sys.path,
            "preloaded": "boto3" in sys.modules,
            "compiled": __cached__ and os.path.realpath(__cached__),
            "customized": getattr(sys.modules.get("sitecustomize"), "OWN", None),
        }
    return calls
"""


@pytest.fixture(params=["started", "forked"])
def worker(make_worker, request, monkeypatch):
    """A function's process, as MiniStack starts it and as the local cloud does."""
    if request.param == "forked":
        forked(monkeypatch)
    return make_worker()


def forked(monkeypatch):
    monkeypatch.setattr(lambda_runtime, "subprocess", subprocess)
    monkeypatch.setattr(lambda_runtime, "zipfile", zipfile)
    forked_functions.install()


@pytest.fixture
def make_worker(monkeypatch, tmp_path):
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", lambda_runtime._PYTHON_WORKER_SCRIPT)
    monkeypatch.setattr(lambda_runtime.Worker, "invoke", lambda_runtime.Worker.invoke)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
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
    made = []

    def make(**changes):
        made.append(lambda_runtime.Worker("counts", config | changes, packed.getvalue()))
        return made[-1]

    yield make
    lambda_runtime.kill_workers(made)


def test_an_exception_is_an_error_and_the_process_continues(worker):
    assert worker.invoke(None, "1")["result"] == 1
    failed = worker.invoke("raise", "2")
    assert (failed["status"], failed["error"]) == ("error", "no such thing")
    assert failed["trace"].endswith("ValueError: no such thing\n")
    assert worker.invoke(None, "3")["result"] == 3


@pytest.mark.slow
def test_an_exit_is_an_error_and_a_new_process_starts(worker):
    assert worker.invoke(None, "1")["result"] == 1
    assert worker.invoke("exit", "2")["status"] == "error"
    assert worker.invoke(None, "3")["result"] == 1


def test_a_process_that_takes_too_long_is_ended(make_worker, monkeypatch):
    forked(monkeypatch)
    worker = make_worker(Timeout=2)
    pid = worker.invoke("look", "1")["result"]["pid"]
    assert "timed out" in worker.invoke("sleep", "2")["error"]
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert worker.invoke(None, "3")["result"] == 1


@pytest.mark.slow
def test_a_forked_process_has_the_environment_paths_and_packages_of_a_started_one(make_worker, monkeypatch, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import os\nOWN = os.environ['OF_THE_FUNCTION']\n")
    variables = {"Environment": {"Variables": {"OF_THE_FUNCTION": "yes", "PYTHONPATH": str(own)}}}
    started = make_worker(**variables).invoke("look", "1")["result"]
    monkeypatch.setenv("LATER", "set when the host runs already")
    forked(monkeypatch)
    make_worker().invoke(None, "1")
    monkeypatch.delenv("LATER")
    found = make_worker(**variables).invoke("look", "1")["result"]
    assert (started.pop("preloaded"), found.pop("preloaded")) == (False, True)
    assert started.pop("pid") != found.pop("pid")
    assert found["compiled"].startswith(f"{tmp_path}/unpacked-")
    for each in (started, found):
        del each["compiled"], each["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]
        each["environment"].pop("LC_CTYPE", None)  # the interpreter sets it at its start
        each.update(json.loads(re.sub(r"ministack-lambda-counts-\w+", "TMP", json.dumps(each))))
    assert found == started


def test_processes_of_the_same_code_compile_it_once(make_worker, monkeypatch, tmp_path):
    forked(monkeypatch)
    first, second = make_worker(), make_worker()
    compiled = {worker.invoke("look", "1")["result"]["compiled"] for worker in (first, second)}
    assert len(compiled) == 1 and all(path.startswith(f"{tmp_path}/unpacked-") for path in compiled)
    first.kill()
    assert second.invoke(None, "2")["result"] == 2
    assert make_worker().invoke(None, "1")["result"] == 1, "the code outlives the process that unpacked it"


@pytest.mark.slow
def test_a_host_that_died_is_started_again(make_worker, monkeypatch):
    forked(monkeypatch)
    pid = make_worker().invoke("look", "1")["result"]["pid"]
    host = psutil.Process(pid).parent()
    assert "function_host.py" in " ".join(host.cmdline())
    host.kill()
    psutil.wait_procs([host])
    assert make_worker().invoke(None, "1")["result"] == 1


def test_a_changed_worker_script_is_an_error(monkeypatch):
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "run()")
    with pytest.raises(RuntimeError, match="worker script has changed"):
        warm_functions.install()
