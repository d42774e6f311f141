"""Finds the texts that are nearest to a question by BM25, with the library tantivy (docs/decisions/0023)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuner.evaluation.tokens import tokens

if TYPE_CHECKING:
    import tantivy

_FIELD, _NUMBER = "text", "number"
_TOKENIZER = "tokens"
# Memory of the writer: enough for one segment, so that texts with equal scores keep the order of the input.
_WRITER_BYTES = 200_000_000


class TextIndex:
    """An index over texts, in memory. Texts are split into the tokens that the metrics use, so every language works."""

    def __init__(self, texts: Sequence[str]) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field(_FIELD, tokenizer_name=_TOKENIZER, index_option="freq")
        builder.add_integer_field(_NUMBER, stored=True)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        # The texts are written as tokens with spaces between them: no token has one.
        self._index.register_tokenizer(_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        writer = self._index.writer(_WRITER_BYTES, 1)
        for number, text in enumerate(texts):
            writer.add_document(tantivy.Document(text=" ".join(tokens(text)), number=number))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def nearest(self, question: str, count: int) -> list[int]:
        """The numbers of the texts that share words with the question, the best one first; at most `count`."""
        words = list(dict.fromkeys(tokens(question)))
        if not words or not count:
            return []
        hits = self._searcher.search(self._any_of(words), count).hits
        return [int(self._searcher.doc(address)[_NUMBER][0]) for _, address in hits]

    def _any_of(self, words: Sequence[str]) -> tantivy.Query:
        import tantivy

        terms = [tantivy.Query.term_query(self._schema, _FIELD, word, index_option="freq") for word in words]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
