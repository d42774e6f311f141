"""`tuner spending`: the ceilings of a month, and what was reserved and spent."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from tests.unit.cli.commands.deployment.test_models import Bedrock
from tests.unit.cli.fake_aws import OUTPUTS, FakeAws, Tuner
from tuner.artifacts.costs.ledger import Ceilings
from tuner.artifacts.report import Bill
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.core.artifact_keys import Keys
from tuner.core.times import now
from tuner.settings import DeploymentSettings

TABLE = OUTPUTS["StateTableName"]
CEILINGS = Ceilings(Decimal(1000), Decimal(500))
NOVEMBER = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
ASKED = ("--month", "2026-11")
CALLER = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Administrator_0123456789abcdef/ada@example.com"


@pytest.fixture(autouse=True)
def ledger(aws: FakeAws) -> LedgerTable:
    return LedgerTable(TABLE)


@pytest.fixture(autouse=True)
def bedrock(aws: FakeAws) -> Bedrock:
    return Bedrock(aws)


@pytest.fixture
def filled(ledger: LedgerTable, aws: FakeAws) -> None:
    for run, dataset, usd in (("faq-1", "faq", 300), ("faq-2", "faq", 250), ("legal-1", "legal", 600.5)):
        ledger.reserve(run, dataset, Decimal(str(usd)), CEILINGS, NOVEMBER)
    ledger.settle("faq-1", "faq", Decimal("41.5"), NOVEMBER)
    answer = {"decision": "approved", "by": CALLER, "at": "2026-11-28T13:00:00Z"}
    aws.put("legal-1", Keys.APPROVAL_ANSWER, answer)


@pytest.mark.usefixtures("filled")
def test_json_has_the_ceilings_the_datasets_and_the_runs(tuner: Tuner) -> None:
    found = tuner("spending", *ASKED, "--json").json
    assert {key: found[key] for key in ("month", "reserved_usd", "spent_usd", "ceiling_usd")} == {
        "month": "2026-11",
        "reserved_usd": 850.5,
        "spent_usd": 41.5,
        "ceiling_usd": 1000.0,
    }
    assert [(each["dataset"], each["reserved_usd"], each["spent_usd"]) for each in found["datasets"]] == [
        ("legal", 600.5, 0.0),
        ("faq", 250.0, 41.5),
    ]
    legal, second, first = found["runs"]
    assert (legal["passed_ceilings"], legal["approval"]["by"]) == (["deployment", "dataset"], CALLER)
    assert (second["passed_ceilings"], second["spent_usd"], second["approval"]) == (["dataset"], None, None)
    assert (first["spent_usd"], first["reserved_usd"], first["passed_ceilings"]) == (41.5, 300.0, [])


@pytest.mark.usefixtures("filled")
def test_the_table_says_who_waits_and_who_approved_and_fits_80_columns(tuner: Tuner) -> None:
    outcome = tuner("spending", *ASKED)
    assert (outcome.status, outcome.out) == (0, "")
    assert all(len(line) <= 80 for line in outcome.err.splitlines())
    said = " ".join(outcome.err.split())
    assert "deployment $850.50 $41.50 $1,000.00" in said
    assert "faq $250.00 $41.50 $500.00" in said
    assert "$250.00 reserved, in progress, would pass the ceiling of the dataset: waits for approval" in said
    assert "would pass the ceiling of the deployment and the dataset: approved by" in said
    assert "faq-1 $41.50 spent, ended legal" not in said


@pytest.mark.usefixtures("filled")
def test_one_dataset_can_be_asked_for(tuner: Tuner) -> None:
    found = tuner("spending", *ASKED, "--dataset", "faq", "--json").json
    assert {run["dataset"] for run in found["runs"]} == {"faq"}
    assert [each["dataset"] for each in found["datasets"]] == ["faq"]
    assert found["reserved_usd"] == 850.5, "of the deployment"


def test_stored_models_are_shown_with_what_they_cost_until_they_are_deleted(tuner: Tuner, bedrock: Bedrock) -> None:
    """Nobody knows when they are deleted, so no sum of a run has all their months."""
    ours = {"bedrock-tuner:deployment": "tuner"}
    assert "Stored" not in tuner("spending").err
    for name, tags in (("tuner-faq-1", ours), ("tuner-faq-2", ours), ("tuner-faq-3", {})):
        bedrock.add(name, tags)
    said = " ".join(tuner("spending").err.split())
    assert "Stored: 2 custom models, for $3.90 a month until deleted" in said
    found = tuner("spending", "--json").json
    assert (found["stored_models"], found["storage_usd_per_month"]) == (2, 3.9)


def test_the_month_is_this_one_unless_another_is_given(tuner: Tuner, ledger: LedgerTable) -> None:
    ledger.reserve("faq-1", "faq", Decimal(3), CEILINGS, now())
    assert [run["run_id"] for run in tuner("spending", "--json").json["runs"]] == ["faq-1"]
    assert tuner("spending", "--month", "2020-02", "--json").json["runs"] == []
    assert "No run has reserved or spent anything in 2020-02." in tuner("spending", "--month", "2020-02").err
    wrong = tuner("spending", "--month", "2026-13")
    assert (wrong.status, "'2026-13' is no month" in wrong.err) == (2, True)


def test_a_deployment_without_ceilings_says_none(tuner: Tuner, ledger: LedgerTable, aws: FakeAws) -> None:
    settings = DeploymentSettings(monthly_usd=None, monthly_usd_per_dataset=None)
    aws.stacks["BedrockTuner"]["DeploymentSettings"] = settings.model_dump_json()
    ledger.reserve("faq-1", "faq", Decimal(3), CEILINGS, NOVEMBER)
    found = json.loads(tuner("spending", *ASKED, "--json").out)
    assert (found["ceiling_usd"], found["ceiling_per_dataset_usd"]) == (None, None)
    assert "deployment $3.00 $0.00 none" in " ".join(tuner("spending", *ASKED).err.split())


def test_a_stack_of_an_earlier_version_has_no_ledger(tuner: Tuner, aws: FakeAws) -> None:
    del aws.stacks["BedrockTuner"]["StateTableName"]
    outcome = tuner("spending")
    assert (outcome.status, "Deploy this version" in outcome.err) == (1, True)


def test_a_run_is_shown_with_the_sum_that_its_report_has(tuner: Tuner, ledger: LedgerTable) -> None:
    """Both are the most that the run spent. The report rounds it up, and the ledger shows all of it."""
    ledger.reserve("faq-1", "faq", Decimal(3), CEILINGS, NOVEMBER)
    ledger.settle("faq-1", "faq", Decimal("1.9612"), NOVEMBER)
    bill = Bill(total_usd=1.95, at_most_usd=1.9612)
    assert bill.sentence == "$1.95 measured, at most $1.97"
    shown = tuner("spending", *ASKED).err
    assert "$1.9612 spent" in shown


def test_the_runs_add_up_to_the_sums(tuner: Tuner, ledger: LedgerTable) -> None:
    for run, dataset, usd in (("faq-1", "faq", "2.192589"), ("faq-2", "faq", "1.96"), ("legal-1", "legal", "0.0004")):
        ledger.reserve(run, dataset, Decimal(3), CEILINGS, NOVEMBER)
        ledger.settle(run, dataset, Decimal(usd), NOVEMBER)
    ledger.reserve("legal-2", "legal", Decimal("3.94"), CEILINGS, NOVEMBER)
    outcome = tuner("spending", *ASKED)
    assert all(len(line) <= 80 for line in outcome.err.splitlines())
    said = " ".join(outcome.err.split())
    for row in (
        "deployment $3.940000 $4.152989 $1,000.00",
        "faq $0.000000 $4.152589 $500.00",
        "legal $3.940000 $0.000400 $500.00",
        "faq-1 $2.192589 spent",
        "faq-2 $1.960000 spent",
        "legal-1 $0.000400 spent",
        "legal-2 $3.940000 reserved",
    ):
        assert row in said
