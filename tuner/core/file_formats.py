"""The file formats of datasets. The trigger's rule, file roles, messages and documentation follow from this table.

To add a format, add a row here and its reader in `tuner.datasets.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format by the ending of its files. `description` is a cell of the table in docs/datasets.md."""

    ending: str
    name: str
    description: str


FORMATS = (
    FileFormat("json", "JSON", "an array of objects, or one object per line"),
    FileFormat("jsonl", "JSONL", "one object per line, or an array"),
    FileFormat("csv", "CSV", r"a header line; the delimiter is the most frequent one in it (`,` `;` tab `\|`)"),
    FileFormat("tsv", "TSV", "a header line; tabs between the values"),
    FileFormat("xlsx", "XLSX", "the first visible sheet with a table; dates in ISO 8601"),
    FileFormat("parquet", "Parquet", "nested columns too; the line of a finding is the number of the row"),
)
# Endings of compressed files, with the names of the compressions.
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

# All accepted endings of file names: `json`, `json.gz`, ...
ENDINGS = tuple(f"{entry.ending}{packing}" for entry in FORMATS for packing in ("", *COMPRESSIONS))


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


# "JSON, JSONL, CSV, TSV, XLSX or Parquet"
FORMAT_NAMES = _listed([entry.name for entry in FORMATS])


def accepted_names(role: str) -> str:
    """The names that a dataset's file of a role may have, for messages."""
    first, *others = (entry.ending for entry in FORMATS)
    endings = _listed([f"{role}.{first}", *(f".{ending}" for ending in others)])
    return f"{endings} (also compressed: {', '.join(COMPRESSIONS)})"
