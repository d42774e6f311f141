"""Computes the most that a generation can cost, and refuses it before the first request if it may exceed the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.generated import CostBound
from tuner.core.errors import BudgetExceededError, DatasetError
from tuner.costs.cost_inputs import CostInputs, GenerationTokens, Plan, QuestionTokens, count_questions
from tuner.costs.estimate import priced_as
from tuner.costs.meter import Tokens
from tuner.costs.prices.price_list import PriceList, price_list
from tuner.datasets.records.formats import encoded_pairs
from tuner.generation.document_split import GenerationSet
from tuner.generation.documents import DocumentChunks
from tuner.generation.generator import max_requests
from tuner.generation.pair_validation import MAX_ANSWER_CHARACTERS, MAX_QUESTION_CHARACTERS
from tuner.generation.requests import MAX_PAIRS_PER_REQUEST, MOST_SENDS, largest_request, max_tokens

# Expected: letters of English have four bytes to a token, and of Chinese three. Instructions and the tool's schema.
_BYTES_PER_TOKEN, _TOKENS_PER_REQUEST = 3, 1_000
_DOCUMENTS_NAMED = 5
# An assumption: a question of a line, and an answer of two or three sentences, in English.
_USUAL_PAIR = ("q" * 80, "a" * 300)
# Each character is counted with the most bytes: four in UTF-8, and five of an ampersand that is escaped (`&amp;`).
_LONGEST_PAIR = ("\N{GRINNING FACE}" * MAX_QUESTION_CHARACTERS, "\N{GRINNING FACE}" * MAX_ANSWER_CHARACTERS)
_LONGEST_ESCAPED_PAIR = ("&" * MAX_QUESTION_CHARACTERS, "&" * MAX_ANSWER_CHARACTERS)


def check_budget(
    sets: Sequence[GenerationSet], model: str, budget_usd: float, prices: PriceList | None = None
) -> CostBound:
    """The most that the pairs of all sets can take. An unknown price is not counted, as in every estimate.

    `prices` are the deployment's; None means the packaged ones. Raises BudgetExceededError when the generation
    may cost more than the budget.
    """
    found = prices or price_list()
    input_price, output_price = (found.find(item, priced_as(model)) for item in ("input", "output"))
    bound = cost_bound(sets, model, *(price.usd if price else None for price in (input_price, output_price)))
    if bound.usd is not None and bound.usd > budget_usd:
        raise BudgetExceededError(
            f"Generating {sum(entry.count for entry in sets)} pairs may take up to {bound.calls} requests and "
            f"{money_at_most(bound.usd)}, over the budget of {money(budget_usd)}. "
            "Nothing has been spent on generating. Ask for fewer pairs, choose a cheaper model, upload data of your "
            "own, or raise the budget."
        )
    return bound


def refuse_if_unusable(documents: DocumentChunks) -> None:
    """Raises DatasetError when no document can be used."""
    if not documents.chunks and not documents.unusable:
        raise DatasetError("There are no documents: add PDF, DOCX, HTML, Markdown or text files.")
    if not documents.chunks:
        lines = "".join(f"\n{sentence}" for sentence in list(documents.unusable.values())[:_DOCUMENTS_NAMED])
        raise DatasetError(
            f"None of the {len(documents.unusable)} documents can be used. Nothing has been spent on generating.{lines}"
        )


def cost_bound(
    sets: Sequence[GenerationSet],
    model: str,
    usd_per_input_token: float | None = None,
    usd_per_output_token: float | None = None,
) -> CostBound:
    """The most that the pairs of all sets can take at these prices: a token for each byte, and lost replies."""
    calls, tokens = 0, Tokens(0, 0)
    for entry in sets:
        requests, each = max_requests(len(entry.chunks), entry.count), Tokens(0, 0)
        # Any chunk may be asked about in every request, so each request is counted with the largest one.
        for chunk in entry.chunks:
            each = each.at_least(largest_request(model, chunk, min(MAX_PAIRS_PER_REQUEST, entry.count)))
        calls += requests
        tokens += Tokens(requests * each.input * MOST_SENDS, requests * each.output * MOST_SENDS)
    usd = None
    if usd_per_input_token is not None and usd_per_output_token is not None:
        usd = tokens.input * usd_per_input_token + tokens.output * usd_per_output_token
    return CostBound(calls=calls, input_tokens=tokens.input, output_tokens=tokens.output, usd=usd)


def expected_cost(sets: Sequence[GenerationSet]) -> CostBound:
    """What the pairs of all sets take if every pair of every reply can be used."""
    calls = input_tokens = output_tokens = 0
    for entry in sets:
        requests = max(min(entry.count, len(entry.chunks)), -(-entry.count // MAX_PAIRS_PER_REQUEST))
        size = sum(len(chunk.text.encode("utf-8", "surrogatepass")) for chunk in entry.chunks)
        mean = size / max(len(entry.chunks), 1)
        calls += requests
        input_tokens += math.ceil(requests * (mean / _BYTES_PER_TOKEN + _TOKENS_PER_REQUEST))
        # An ordinary pair is half as long as the longest.
        output_tokens += max_tokens(0) * requests + (max_tokens(entry.count) - max_tokens(0)) // 2
    return CostBound(calls=calls, input_tokens=input_tokens, output_tokens=output_tokens)


def planned_inputs(sets: Sequence[GenerationSet], plan: Plan, known: CostInputs, bound: CostBound) -> CostInputs:
    """The inputs of an estimate before the generation: `known`, and what is to be generated.

    Expected are questions and answers of a usual length, at most those of the longest that the tool accepts. Without
    evaluation data, the validation data is used for the evaluation too.
    """
    counts = {entry.role: entry.count for entry in sets}
    expected = expected_cost(sets)
    generation = GenerationTokens(
        plan.settings.generate.model or plan.judge_model,
        expected.input_tokens,
        expected.output_tokens,
        bound.input_tokens,
        bound.output_tokens,
    )
    converted = counts.get("training", 0) + counts.get("validation", 0)
    found = replace(
        known,
        generation=generation,
        training_bytes=known.training_bytes + converted * _record_bytes(plan, *_LONGEST_PAIR),
    )
    if "training" in counts:
        found = _with_training(found, counts["training"], plan)
    asked = counts.get("evaluation") or (0 if known.questions.count else counts.get("validation", 0))
    return replace(found, questions=_questions(asked, plan)) if asked else found


def _with_training(inputs: CostInputs, count: int, plan: Plan) -> CostInputs:
    texts = sum(map(len, _USUAL_PAIR)) + len((plan.settings.system_prompt or "").encode())
    return replace(
        inputs,
        training_tokens=math.ceil(count * texts / plan.model.family.characters_per_token),
        most_training_tokens=count * _record_bytes(plan, *_LONGEST_PAIR),
    )


def _record_bytes(plan: Plan, question: str, answer: str) -> int:
    """The bytes of a record in the format of the model's family."""
    return len(encoded_pairs([question], [answer], plan.model.family.record_format, plan.settings.system_prompt))


def _questions(count: int, plan: Plan) -> QuestionTokens:
    usual, longest = (
        count_questions(
            [EvaluationQuestion(id="", question=question, reference=answer)] * count,
            plan.settings.system_prompt,
            plan.model.family.characters_per_token,
        )
        for question, answer in (_USUAL_PAIR, _LONGEST_ESCAPED_PAIR)
    )
    return replace(
        usual,
        most_question_tokens=longest.most_question_tokens,
        most_reference_tokens=longest.most_reference_tokens,
    )
