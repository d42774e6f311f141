"""The smallest dataset is as small as Nova allows, costs what the page says, and buys no endpoint."""

import json
import re
from pathlib import Path

import pytest

from tuner import catalog
from tuner.cli import main
from tuner.settings import RunSettings, load, parse_document

CHECKOUT = Path(__file__).parents[3]
FOLDER = CHECKOUT / "examples" / "smallest"
SETTINGS = load(RunSettings, parse_document((FOLDER / "run.yaml").read_bytes(), "run.yaml"), "run.yaml")


def test_it_has_the_minimum_number_of_records() -> None:
    family = catalog.family_of(SETTINGS.base_model or "")
    assert len((FOLDER / "training.jsonl").read_text("utf-8").splitlines()) == family.records.training[0]


def test_it_has_no_endpoint() -> None:
    assert SETTINGS.serving == "none"


def test_it_costs_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["estimate", str(FOLDER), "--json"])
    assert not left.value.code
    items = {item["id"]: item["usd"] for item in json.loads(capsys.readouterr().out)["items"]}
    page = (CHECKOUT / "docs" / "first-deployment.md").read_text("utf-8")
    said = re.search(r"training under a cent, \$([\d.]+) for the model's first month", page)
    assert said
    assert items["training"] < 0.01
    assert items["custom_model_storage"] == float(said[1])
    assert sum(usd for name, usd in items.items() if name != "custom_model_storage") < 0.05


def test_its_data_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["data", "check", str(FOLDER), "--model", str(SETTINGS.base_model)])
    assert not left.value.code
    assert "Ready." in capsys.readouterr().err
