"""`tuner estimate`: the estimate of the run's own step, for a local folder."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import MemoryFolder, NoPrices, manifest
from tests.unit.cli.fake_aws import OUTPUTS, FakeAws, Tuner
from tests.unit.cli.samples import guide, records
from tests.unit.costs.test_price_list import document
from tuner import catalog
from tuner.artifacts.costs.amounts import approved_amount
from tuner.catalog.guard_questions import MAX_TOKENS
from tuner.costs.prices.current_prices import NoCache
from tuner.costs.prices.usage_types import NeededPrice
from tuner.costs.spending_decision import spending_decision, spending_reason
from tuner.costs.write_estimate import write_estimate
from tuner.datasets import LocalFile, prepare
from tuner.datasets.io import NoSink, Source
from tuner.datasets.records.record import DataRole
from tuner.evaluation.statistics.planning import planning_sentence
from tuner.retrieval.contexts import write_contexts
from tuner.settings import DeploymentSettings, parse_document

EXAMPLE = Path(__file__).parents[4] / "examples" / "bedrock-faq"


class Into(NoSink):
    """Writes an artifact into a folder in memory."""

    def __init__(self, folder: MemoryFolder, name: str) -> None:
        self.folder, self.name = folder, name

    def write(self, data: bytes) -> None:
        self.folder.files[self.name] = self.folder.files.get(self.name, b"") + data


@pytest.mark.slow
def test_the_estimate_equals_that_of_the_run(tuner: Tuner) -> None:
    settings: dict[str, Any] = {**parse_document((EXAMPLE / "run.yaml").read_bytes(), "run.yaml")}
    pinned = manifest(settings.pop("base_model"), **settings)
    folder = MemoryFolder()
    sources: dict[DataRole, Source] = {
        "training": LocalFile(EXAMPLE / "training.jsonl"),
        "validation": LocalFile(EXAMPLE / "validation.csv"),
        "evaluation": LocalFile(EXAMPLE / "evaluation.json"),
    }
    prepared = prepare(sources, pinned.settings, catalog.model(pinned.base_model), lambda name: Into(folder, name))
    folder.save(prepared.summary)
    write_contexts(folder, pinned, {})
    in_the_run = write_estimate(folder, pinned, DeploymentSettings(), NoPrices(), NoCache())
    said = tuner("estimate", str(EXAMPLE), "--json").json
    assert said == {
        **json.loads(in_the_run.model_dump_json()),
        "decision": spending_decision(in_the_run),
        "reason": spending_reason(in_the_run),
        "power": planning_sentence(prepared.summary),
    }
    assert said["power"].startswith("With 8 evaluation questions, a mean difference of about")


@pytest.mark.slow
def test_with_hurry_false_the_estimate_has_half_the_price_or_the_reason_why_not(tuner: Tuner, tmp_path: Path) -> None:
    write = (tmp_path / "training.jsonl").write_text
    write("".join(json.dumps({"question": f"What is {n}?", "answer": f"It is {n}."}) + "\n" for n in range(20)))
    (tmp_path / "run.yaml").write_text("hurry: false\n")
    for count, batched in ((100, True), (99, False)):
        questions = [{"question": f"How is {n}?", "answer": f"It is {n}."} for n in range(count)]
        (tmp_path / "evaluation.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
        said = tuner("estimate", str(tmp_path), "--json").json
        prices = {item["contestant"]: item["unit_price_usd"] for item in said["items"] if item["id"] == "batch_input"}
        assert prices == ({"base": 1.75e-8, "few_shot": 1.75e-8} if batched else {})
        reasons = [each for each in said["warnings"] if each.startswith("hurry: ")]
        assert len(reasons) == (0 if batched else 2)


@pytest.mark.slow
def test_no_call_to_aws_is_made(tuner: Tuner, aws: FakeAws) -> None:
    aws.actions.clear()
    assert tuner("estimate", str(EXAMPLE)).status == 0
    assert aws.actions == set()


@pytest.mark.slow
def test_unknown_prices_are_in_the_table_and_named_below_it(tuner: Tuner) -> None:
    shown = tuner("estimate", str(EXAMPLE)).err
    (line,) = [line for line in shown.splitlines() if line.startswith("Provisioned throughput")]
    assert line.split()[-1] == "unknown"
    assert "Unknown, and not counted: Provisioned throughput." in shown
    assert "An unknown price is not zero" in shown
    assert "Such a run waits for approval" in shown
    table = shown.partition("The known items cost")[0]
    assert all(len(row) <= 80 for row in table.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("model", [entry.id for entry in catalog.models() if not entry.retired])
@pytest.mark.thorough
def test_every_model_of_the_catalog_can_be_estimated(tuner: Tuner, model: str, folder: Path) -> None:
    (folder / "training.jsonl").write_text(records(1000))
    (folder / "run.yaml").write_text("serving: auto\ngenerate: {count: 0}\n")
    outcome = tuner("estimate", str(folder), "--model", model, "--json")
    assert outcome.status == 0
    assert outcome.json["items"][0]["id"] == "training"


@pytest.mark.slow
def test_an_estimate_over_the_budget_fails(tuner: Tuner, folder: Path) -> None:
    (folder / "training.jsonl").write_text(records(1000))
    (folder / "run.yaml").write_text(
        "base_model: anthropic.claude-3-haiku-20240307-v1:0:200k\nbudget_usd: 100\ngenerate: {count: 0}\n"
    )
    outcome = tuner("estimate", str(folder))
    assert outcome.status == 1
    assert " over its budget of $100.00. Nothing has been spent on training or serving." in outcome.err


@pytest.mark.slow
def test_a_named_deployment_provides_budget_and_prices(tuner: Tuner, aws: FakeAws) -> None:
    prices = ({"item": "throughput", "term": "hourly", "usd": 20, "source": "contract"},)
    settings = DeploymentSettings.model_validate({"budget_usd": 10, "prices": prices})
    aws.stacks["BedrockTuner"] = {**OUTPUTS, "DeploymentSettings": settings.model_dump_json()}
    outcome = tuner("estimate", str(EXAMPLE), "--stack", "BedrockTuner", "--json")
    assert outcome.status == 1
    assert (outcome.json["budget_usd"], outcome.json["decision"]) == (10, "refuse")
    assert "Provisioned throughput" not in outcome.json["unknown"]


def test_generation_from_documents_is_estimated(tuner: Tuner, folder: Path) -> None:
    lines = [json.dumps({"question": f"What is {n}?", "answer": f"It is {n}."}) for n in range(40)]
    (folder / "training.jsonl").write_text("\n".join(lines))
    (folder / "documents" / "guide.txt").write_text("Amazon Bedrock serves foundation models. " * 200)
    (folder / "run.yaml").write_text("serving: auto\ngenerate: {count: 10}\n")
    items = {item["id"]: item for item in tuner("estimate", str(folder), "--json").json["items"]}
    assert items["generation_input"]["quantity"] > 0
    assert items["generation_output"]["at_most"] > items["generation_output"]["quantity"] > 0
    assert items["generation_input"]["unit_price_usd"] == pytest.approx(8.0e-7)


def test_documents_alone_are_estimated_with_all_that_is_to_be_generated(tuner: Tuner, folder: Path) -> None:
    for name in ("training.jsonl", "evaluation.csv"):
        (folder / name).unlink()
    (folder / "documents" / "guide.md").write_text(guide())
    (folder / "run.yaml").write_text("serving: on_demand\n")
    said = tuner("estimate", str(folder), "--json")
    assert said.status == 0, said.err
    items = {item["id"]: item for item in said.json["items"]}
    assert items["generation_input"]["at_most"] > items["generation_input"]["quantity"]
    assert 0 < items["training"]["usd"] < items["training"]["at_most_usd"]
    assert 0 < items["judge_input"]["usd"] < items["judge_input"]["at_most_usd"]
    assert "24 training questions from 6 parts" in said.json["reason"]
    unserved = folder / "quick.yaml"
    unserved.write_text("serving: none\n")
    few = tuner("estimate", str(folder), "--settings", str(unserved), "--json").json
    assert "evaluation questions" not in few["reason"]
    assert "judge_input" not in {item["id"] for item in few["items"]}


def test_guard_questions_of_the_dataset_are_estimated(tuner: Tuner, folder: Path) -> None:
    (folder / "run.yaml").write_text("serving: on_demand\n")

    def tokens() -> dict[str, float]:
        items = tuner("estimate", str(folder), "--json").json["items"]
        return {item["id"]: item["quantity"] for item in items if item["id"].endswith("model_output")}

    before = tokens()
    record = {"question": "How deep?", "check": {"contains": ["nine"]}, "right": "Nine."}
    (folder / "guard.jsonl").write_text("".join(json.dumps(record | {"question": f"{n}?"}) + "\n" for n in range(10)))
    assert {name: count - before[name] for name, count in tokens().items()} == {
        "base_model_output": 10 * MAX_TOKENS,
        "tuned_model_output": 10 * MAX_TOKENS,
    }


def test_a_setting_without_an_effect_is_named(tuner: Tuner, folder: Path) -> None:
    (folder / "run.yaml").write_text("serving: none\ngenerate: {count: 0}\ninference: {max_tokens: 5}\n")
    [line] = [each for each in tuner("estimate", str(folder), "--json").json["warnings"] if "no effect" in each]
    assert "run.yaml: inference.max_tokens has no effect: with 'serving: none'" in line
    shown = tuner("estimate", str(folder)).err.splitlines()
    assert any(
        line.startswith("Warning: ") and "run.yaml: inference.max_tokens has no effect" in line for line in shown
    )


def test_a_dataset_with_errors_has_no_total(tuner: Tuner, folder: Path) -> None:
    lines = (folder / "training.jsonl").read_text()
    (folder / "training.jsonl").write_text(lines + '{"prompt": "R?", "completion": ""}\n')
    outcome = tuner("estimate", str(folder))
    assert (outcome.status, "$" in outcome.err, outcome.err.count("is empty")) == (1, False, 1)
    assert "training.jsonl, line 41" in outcome.err
    said = tuner("estimate", str(folder), "--json")
    assert (said.status, said.json["ready"], "total_usd" in said.json) == (1, False, False)
    (folder / "training.jsonl").write_text(lines)
    assert tuner("estimate", str(folder)).status == 0


@pytest.mark.slow
def test_a_named_deployment_uses_todays_prices_and_names_their_source(tuner: Tuner, aws: FakeAws) -> None:
    usage = "USE1-NovaMicro-Customization-Training"
    wanted = NeededPrice("training", "amazon.nova-micro-v1:0", None, usage)
    aws.offers[usage] = [document(wanted, usd="0.002")]
    aws.model["modelLifecycle"] = {"status": "LEGACY", "endOfLifeTime": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}
    said = tuner("estimate", str(EXAMPLE), "--stack", "BedrockTuner", "--json").json
    training = next(item for item in said["items"] if item["id"] == "training")
    assert training["unit_price_usd"] == pytest.approx(2e-6)
    assert training["source"].startswith(f"AWS Price List API, {usage}, in force since 2026-08-01; read ")
    assert "LEGACY: AWS ends it on 2099-01-01" in said["reason"]


@pytest.mark.slow
def test_candidates_of_several_base_models_are_estimated_at_the_prices_of_each(tuner: Tuner) -> None:
    given = ("estimate", str(EXAMPLE), "--settings", str(EXAMPLE / "run-candidates.yaml"))
    shown = tuner(*given)
    assert "Nova Micro, Nova Lite, serving: on_demand" in shown.err
    assert "this is the most expensive choice between them" in " ".join(shown.err.split())
    found = tuner(*given, "--json").json
    trained = {item["model"]: item["quantity"] for item in found["items"] if item["id"] == "training"}
    assert list(trained) == list(found["choices"]) == ["amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"]
    assert len(set(trained.values())) == 1, "both for 2 + 3 epochs"


def test_the_table_and_the_json_have_the_sum_that_is_approved(tuner: Tuner, folder: Path) -> None:
    """The sum of the items is no whole number of cents; what is approved is one."""
    made = tuner("estimate", str(folder), "--json").json
    exact = sum(item["at_most_usd"] or 0 for item in made["items"])
    assert made["at_most_usd"] == approved_amount(exact) > exact
    shown = tuner("estimate", str(folder)).err
    assert f"at most ${made['at_most_usd']:,.2f}" in " ".join(shown.split())
    (total,) = (line for line in shown.splitlines() if line.startswith("All"))
    assert total.split()[-1] == f"${made['at_most_usd']:,.2f}"
