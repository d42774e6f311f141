"""Question-answer pairs from documents, each with the document and the passage that it came from.

read_documents(sources)              documents as parts that fit into a request, and what cannot be used
Generation(...).run(...)             pairs from the parts, exactly as many as asked for, never paid for twice
generate_validation(folder, ...)     a run's validation data: what the pipeline's step does
"""

from tuner.datasets.generate.asking import Generator, Plan, Replies
from tuner.datasets.generate.documents import Library, read_documents
from tuner.datasets.generate.known import Known
from tuner.datasets.generate.pairs import Origin
from tuner.datasets.generate.parts import Part
from tuner.datasets.generate.rounds import Generated, Generation, short_of
from tuner.datasets.generate.step import Progress, generate_validation

__all__ = [
    "Generated",
    "Generation",
    "Generator",
    "Known",
    "Library",
    "Origin",
    "Part",
    "Plan",
    "Progress",
    "Replies",
    "generate_validation",
    "read_documents",
    "short_of",
]
