"""Text generation with the tiny network: sampling, stopping and batches."""

from __future__ import annotations

import queue
from itertools import islice
from typing import Any

import pytest

from local.bedrock.engine.messages import EmbeddingRequest, GenerationRequest, Request, Sampling, Weights
from local.trainer.spec import Conversation, Turn


@pytest.fixture(scope="module")
def network(networks):
    import torch

    from local.trainer.networks import load

    torch.set_num_threads(1)
    model, tokenizer = load("tiny", networks)
    return model.eval(), tokenizer


@pytest.fixture
def ask(network: tuple[Any, Any], networks):
    def answer(*questions):
        from local.bedrock.engine.generation import generate

        asked = [
            GenerationRequest(
                id=number,
                weights=Weights(network="tiny", cache=networks),
                conversation=Conversation(turns=(Turn(role="user", text=text),)),
                sampling=Sampling(**({"max_tokens": 12, "temperature": 0} | sampling)),
            )
            for number, (text, sampling) in enumerate(questions)
        ]
        return {result.id: result for result in generate(*network, asked)}

    return answer


@pytest.mark.slow
def test_a_batch_gives_the_results_of_single_requests(ask):
    texts = ["Hi", "What is the meaning of a rather long question like this one?", "Why?"]
    # Sampled, because greedy answers of random weights hardly depend on the position.
    asked = [(text, {"max_tokens": 10 + 20 * n, "temperature": 1.0, "seed": n}) for n, text in enumerate(texts)]
    together = ask(*asked)
    for number, one in enumerate(asked):
        (alone,) = ask(one).values()
        assert (together[number].text, together[number].output_tokens) == (alone.text, alone.output_tokens)
        assert together[number].input_tokens == alone.input_tokens


@pytest.mark.slow
def test_packed_weights_give_the_scores_of_plain_ones(network, networks):
    import torch

    from local.bedrock.engine.weights_cache import PackedLinear, WeightsCache

    plain, _ = network
    packed, _ = WeightsCache().get(Weights(network="tiny", cache=networks))
    # A build of PyTorch without oneDNN keeps its own layers.
    kind = PackedLinear if torch.backends.mkldnn.is_available() else torch.nn.Linear
    linear = [type(module) for module in packed.modules() if isinstance(module, PackedLinear | torch.nn.Linear)]
    assert linear == [kind] * (2 * 7 + 1)
    tokens = torch.arange(3, 60).reshape(3, 19)
    with torch.inference_mode():
        torch.testing.assert_close(packed(tokens).logits, plain(tokens).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_max_tokens_and_seeds_apply(ask):
    (answer,) = ask(("Hi", {"max_tokens": 5})).values()
    assert (answer.output_tokens, answer.stop_reason) == (5, "max_tokens")
    warm = {"temperature": 1.0, "top_p": 0.9, "max_tokens": 20}
    texts = [ask(("Hi", warm | {"seed": seed}))[0].text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_tiny_top_p_is_greedy(ask):
    greedy = ask(("Hi", {}))[0].text
    assert ask(("Hi", {"temperature": 1.0, "top_p": 1e-9}))[0].text == greedy
    assert ask(("Hi", {"temperature": 1.0, "top_k": 1}))[0].text == greedy


def test_a_stop_sequence_ends_the_text_and_is_not_part_of_it(ask):
    full = ask(("Hi", {"max_tokens": 30, "temperature": 1.0}))[0].text
    end = full[4:6]
    answer = ask(("Hi", {"max_tokens": 30, "temperature": 1.0, "stop_sequences": ("never", end)}))[0]
    assert (answer.text, answer.stop_reason, answer.stop_sequence) == (full.split(end)[0], "stop_sequence", end)
    assert answer.output_tokens < 30


def test_the_end_token_ends_a_turn(ask, network, monkeypatch):
    monkeypatch.setattr("local.bedrock.engine.generation._sample", lambda scores, row: network[1].eos_token_id)
    (answer,) = ask(("Hi", {})).values()
    assert (answer.text, answer.stop_reason, answer.output_tokens) == ("", "end_turn", 1)


def test_a_prompt_beyond_the_context_is_too_long(ask):
    answers = ask(("x" * 9000, {}), ("Hi", {}))
    assert (answers[0].too_long, answers[1].too_long) == (True, False)


def test_requests_for_the_same_weights_are_batched(networks, tmp_path):
    from local.bedrock.engine.worker import _batches

    base = Weights(network="tiny", cache=networks)
    tuned = base.model_copy(update={"adapter": tmp_path})
    talk = Conversation(turns=(Turn(role="user", text="Hi"),))
    waiting: queue.Queue[Request] = queue.Queue()
    for number, weights in enumerate([base, tuned, base]):
        waiting.put(GenerationRequest(id=number, weights=weights, conversation=talk, sampling=Sampling()))
    waiting.put(EmbeddingRequest(id=3, texts=("a",)))
    batches = _batches(waiting)
    ids = [[each.id for each in batch] if isinstance(batch, list) else batch.id for batch in islice(batches, 3)]
    assert ids == [[0, 2], [1], 3]
