"""docs/report.schema.json describes report.json."""

import json

import jsonschema
import pytest

from docs.generate import DOCS, SCHEMAS, schema_of
from tuner.reporting import Report

SCHEMA = DOCS / "report.schema.json"


def test_the_published_schema_is_up_to_date() -> None:
    assert SCHEMA.read_text("utf-8") == schema_of(SCHEMAS[SCHEMA.name]), "run `make docs` and commit the result"


@pytest.mark.slow
def test_a_report_is_valid_by_the_published_schema(report: Report) -> None:
    jsonschema.validate(json.loads(report.model_dump_json()), json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.slow
def test_the_schema_refuses_a_report_without_a_status(report: Report) -> None:
    document = json.loads(report.model_dump_json())
    del document["status"]
    with pytest.raises(jsonschema.ValidationError, match="status"):
        jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
