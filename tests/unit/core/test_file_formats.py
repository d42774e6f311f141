"""Every file format of the table can be read, and messages name all of them."""

from __future__ import annotations

import pytest

from tuner.core.file_formats import ENDINGS, FORMAT_NAMES, FORMATS, accepted_names
from tuner.core.run import role_of
from tuner.datasets.reading import READERS


def test_every_format_has_a_reader():
    assert {ending for reader in READERS for ending in reader.formats} == {entry.ending for entry in FORMATS}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_makes_a_training_file(ending: str):
    assert role_of(f"training.{ending}") == "training"


def test_messages_name_every_format():
    assert FORMAT_NAMES == "JSON, JSONL, CSV, TSV, XLSX or Parquet"
    assert accepted_names("training") == (
        "training.json, .jsonl, .csv, .tsv, .xlsx or .parquet (also compressed: .gz, .zst)"
    )
