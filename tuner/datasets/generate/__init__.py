"""Question-answer pairs from documents, each with the document and the passage that it came from.

read_documents(sources)                    documents as parts that fit into a request, and what cannot be used
affordable(library, count, model, usd)     the most that it can cost, before it costs anything
Generation(...).run(...)                   pairs from the parts, exactly as many as asked for, none paid for twice
generate_validation(folder, ...)           a run's validation data: what the pipeline's step does
"""

from tuner.datasets.generate.asking import Generator
from tuner.datasets.generate.bound import affordable
from tuner.datasets.generate.documents import read_documents
from tuner.datasets.generate.known import Known
from tuner.datasets.generate.outcome import short_of, summary
from tuner.datasets.generate.remembered import FileReplies
from tuner.datasets.generate.rounds import Generation
from tuner.datasets.generate.step import generate_validation

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
