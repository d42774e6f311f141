"""Decides when two questions are the same: the one definition for splits, duplicates, leakage and generated pairs.

comparable(text)                  a text without the differences that do not count; equal for the same question
question_hash(prompt)             a hash of a question alone
input_hash(record, system)        a hash of all that a model reads: system prompt, earlier turns, question

What does not count: case in words, the form of Unicode, outer and repeated spaces, and punctuation at the end of the
text. Everything else does. docs/datasets.md has the table.
"""

from tuner.datasets.same_question.comparison import comparable, input_hash, prompt_hash, question_hash, text_hash

__all__ = ["comparable", "input_hash", "prompt_hash", "question_hash", "text_hash"]
