"""Question-answer pairs from documents, each with the document and the passage that it came from.

read_documents(sources)                    documents as parts that fit into a request, and what cannot be used
affordable(library, count, model, usd)     the most that it can cost, before it costs anything
Generation(...).run(...)                   pairs from the parts, exactly as many as asked for, none paid for twice
generate_validation(folder, ...)           a run's validation data: what the pipeline's step does
"""

from tuner.generation.cache import FileReplies
from tuner.generation.cost_bound import affordable
from tuner.generation.dedup import Known
from tuner.generation.documents import read_documents
from tuner.generation.generator import Generation
from tuner.generation.requests import Generator
from tuner.generation.result import short_of, summary
from tuner.generation.step import generate_validation

__all__ = [
    "FileReplies",
    "Generation",
    "Generator",
    "Known",
    "affordable",
    "generate_validation",
    "read_documents",
    "short_of",
    "summary",
]
