"""Generates data: question-answer pairs from documents, each with the passage that it is from.

read_documents(sources)                      documents as chunks that fit into a request, and what cannot be used
planned_sets(chunks, roles, settings, model) what is generated, each set from other parts of the documents
check_budget(sets, model, usd)               the most that it can cost, before the first request
PairGenerator(...).run(...)                  exactly as many pairs as asked for; no request is paid for twice
plan_generation(folder, ...)                 a run's plan: what budget and approval are decided with
generate_data(folder, ...)                   the generated data of a run: what the pipeline's step does
"""

from tuner.generation.cache import FileReplyCache
from tuner.generation.cost_bound import check_budget, planned_inputs, refuse_if_unusable
from tuner.generation.dedup import Deduplicator
from tuner.generation.document_split import GenerationSet, planned_sets
from tuner.generation.documents import read_documents
from tuner.generation.generator import PairGenerator
from tuner.generation.plan import plan_generation
from tuner.generation.requests import GeneratorModel
from tuner.generation.result import shortfall_message, summarize
from tuner.generation.step import generate_data

__all__ = [
    "Deduplicator",
    "FileReplyCache",
    "GenerationSet",
    "GeneratorModel",
    "PairGenerator",
    "check_budget",
    "generate_data",
    "plan_generation",
    "planned_inputs",
    "planned_sets",
    "read_documents",
    "refuse_if_unusable",
    "shortfall_message",
    "summarize",
]
