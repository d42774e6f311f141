"""The client of the inference process, with a fake process that answers, fails, hangs or dies."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.bedrock.engine.client import InferenceClient
from local.bedrock.engine.messages import Sampling, Weights
from local.bedrock.errors import ModelError, ThrottlingError, ValidationError
from local.trainer.spec import Conversation, Turn

ECHO = """
import json, sys
requests, late = 0, None
for line in sys.stdin:
    request = json.loads(line)
    said = request["texts"][0] if request["kind"] == "embedding" else request["conversation"]["turns"][-1]["text"]
    if said == "die":
        sys.exit(7)
    if said == "silence":
        continue
    if said == "slow":
        requests += 1
        late = {"id": request["id"], "text": f"{requests} requests"}  # comes before the answer to the next request
        continue
    if late:
        print(json.dumps(late), flush=True)
        late = None
    errors = {"error": "broken"} if said == "fail" else {"too_long": True} if said == "long" else {}
    text = str(request["sampling"]["seed"]) if said == "seed" else said.upper()
    print(json.dumps({"id": request["id"], "text": text, "vectors": [[1.0]], **errors}), flush=True)
"""


@pytest.fixture
def client(tmp_path):
    made = InferenceClient(tmp_path / "log", (sys.executable, "-c", ECHO))
    yield made
    made.close()


def ask(client, tmp_path, text, timeout=30, temperature=1.0):
    weights = Weights(network="tiny", cache=tmp_path)
    talk = Conversation(turns=(Turn(role="user", text=text),))
    return client.ask(weights, talk, Sampling(temperature=temperature), 1, timeout).text


def test_results_go_to_their_requests(client, tmp_path):
    with ThreadPoolExecutor(8) as threads:
        texts = [f"question {number}" for number in range(40)]
        answers = list(threads.map(lambda text: ask(client, tmp_path, text), texts))
    assert answers == [text.upper() for text in texts]
    assert client.embed(["a"], 1, 30) == [[1.0]]


def test_a_repeated_request_gets_another_seed_unless_it_is_greedy(client, tmp_path):
    assert [ask(client, tmp_path, "seed") for _ in range(3)] == ["0", "1", "2"]
    assert [ask(client, tmp_path, "seed", temperature=0.5) for _ in range(2)] == ["0", "1"]
    assert [ask(client, tmp_path, "seed", temperature=0) for _ in range(2)] == ["0", "0"]


def test_a_process_that_died_is_an_error_and_is_restarted(client, tmp_path):
    with pytest.raises(ModelError, match="ended with exit status 7"):
        ask(client, tmp_path, "die")
    assert ask(client, tmp_path, "again") == "AGAIN"


def test_timeouts_and_failures_have_their_own_errors(client, tmp_path):
    with pytest.raises(ThrottlingError, match=r"did not answer within 0\.01 seconds"):
        ask(client, tmp_path, "silence", timeout=0.01)
    with pytest.raises(ModelError, match="The model failed: broken"):
        ask(client, tmp_path, "fail")
    with pytest.raises(ValidationError, match="Input is too long for requested model"):
        ask(client, tmp_path, "long")


def test_who_asks_again_gets_the_answer_that_was_late(client, tmp_path):
    for answer in ("1 requests", "2 requests"):  # one request each, although it is asked for twice
        with pytest.raises(ThrottlingError):
            ask(client, tmp_path, "slow", timeout=0.1, temperature=0)
        ask(client, tmp_path, "hello")
        assert ask(client, tmp_path, "slow", temperature=0) == answer


def test_a_late_request_fails_if_its_process_dies(client, tmp_path):
    with pytest.raises(ThrottlingError):
        ask(client, tmp_path, "silence", timeout=0.1, temperature=0)
    with pytest.raises(ModelError, match="exit status 7"):
        ask(client, tmp_path, "die")
    with pytest.raises(ModelError, match="exit status 7"):
        ask(client, tmp_path, "silence", temperature=0)


def test_a_closed_client_leaves_no_process(client, tmp_path):
    ask(client, tmp_path, "hello")
    process = client._process
    client.close()
    assert process.poll() is not None
