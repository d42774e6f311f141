"""Counts the tokens of texts without a tokenizer: AWS publishes none of these models.

Expected tokens are bytes of UTF-8 ÷ 3, so that an English word counts as two tokens, and a Chinese or Japanese
character, which has three bytes, as one. The most tokens that a text can have are its bytes: the vocabularies of such
models contain every single byte, and each token is at least one of them
(byte-level byte pair encoding, https://arxiv.org/abs/1909.03341; byte fallback, https://arxiv.org/abs/1808.06226).
"""

from __future__ import annotations

import math

BYTES_PER_TOKEN = 3
# Tokens that mark the beginning, the role and the end of a turn in a model's template: 4 to 8 in published ones.
MOST_TEMPLATE_TOKENS = 16


def size(text: str) -> int:
    """Bytes of a text in UTF-8. A lone surrogate, which has none, counts as one."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def expected_tokens(text_bytes: int) -> int:
    """The tokens that this many bytes of text probably have."""
    return math.ceil(text_bytes / BYTES_PER_TOKEN)
