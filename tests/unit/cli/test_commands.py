"""The commands as a shell sees them: what they print where, and how they exit."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from tests.unit.cli.conftest import ARTIFACTS, BEGAN, Clock, Execution, Outcome, Refused, World
from tests.unit.cli.histories import TO_THE_END, TO_TRAINING, History
from tuner import __version__
from tuner.aws.clients import client
from tuner.cli.reference import ACTIONS
from tuner.errors import AwsError
from tuner.reporting.card import card
from tuner.reporting.model import Report
from tuner.run import Keys, resource_name, run_id

Tuner = Callable[..., Outcome]
RECORD = '{"prompt": "What is Bedrock?", "completion": "A service."}\n'
SCORES = {
    "rouge_l": {"label": "ROUGE-L", "base": {"mean": 0.1}, "tuned": {"mean": 0.2}, "difference": 0.1},
    "correctness": {
        "label": "Correctness (judge)",
        "base": {"mean": 2.5},
        "tuned": {"mean": 6.25},
        "difference": 3.75,
        "comparison": {"interval": [1.5, 6.0]},
    },
}


ENDPOINT = {
    "kind": "provisioned",
    "arn": "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
    "name": "tuner-faq-1",
    "model_units": 2,
    "commitment": None,
    "created_at": "2026-11-23T08:00:00Z",
    "released_at": "2026-11-23T08:01:40Z",
}
ESTIMATE = {
    "items": [{"name": "Provisioned throughput", "unit_price_usd": 18.0}],
    "total_usd": 36.0,
    "budget_usd": 500.0,
    "unknown": ["Training"],
}


def report(run: str, **fields: object) -> dict:
    return {
        "schema_version": 1,
        "run_id": run,
        "status": "SUCCEEDED",
        "verdict": {"value": "better", "sentence": "The tuned model is better.", "notes": ["Only 8 questions."]},
        "ended_at": "2026-11-23T08:03:00Z",
        "folder": f"s3://{ARTIFACTS}/runs/{run}/",
        "stand_ins": ["SmolLM2 (local stand-in for Nova Micro)"],
        "scores": SCORES,
        "bill": {"total_usd": 12.0, "unknown": ["Training"]},
        **fields,
    }


def failed(name: str, **fields: object) -> Execution:
    history = History().went("Pin the inputs").is_in("Check that the account is ready")
    history.task_failed("QuotaError").left("Check that the account is ready")
    history.went("Report the failure", "Notify of the failure").is_in("The run failed").ended("Failed")
    values = {"error": "QuotaError", "cause": "The quota is 0. Ask AWS to raise it.", "history": history, **fields}
    return Execution(name, "FAILED", **values)


def throughput(run: str) -> dict:
    name = resource_name("tuner", run)
    return {
        "provisionedModelName": name,
        "provisionedModelArn": f"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/{name}",
        "modelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/abc",
        "status": "InService",
        "creationTime": BEGAN,
        "modelUnits": 1,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "faq"
    (found / "documents").mkdir(parents=True)
    (found / "training.jsonl").write_text(RECORD)
    (found / "evaluation.csv").write_text("question,answer\na,b\n")
    (found / "documents" / "guide.md").write_text("# Guide\n")
    (found / "notes.txt").write_text("mine\n")
    return found


class TestRun:
    def test_uploads_what_belongs_to_a_dataset_and_follows_its_run_to_the_end(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        outcome = tuner("run", str(folder))
        assert set(world.uploaded()) == {
            "incoming/faq/training.jsonl",
            "incoming/faq/evaluation.csv",
            "incoming/faq/documents/guide.md",
        }
        assert outcome.status == 0
        assert outcome.out == ""
        assert "Not part of a dataset, left here: notes.txt" in outcome.err
        assert "✓ Notify of success" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_exits_with_1_when_the_run_fails(self, tuner: Tuner, world: World, folder: Path) -> None:
        outcome = tuner("run", str(folder), "--no-watch")
        assert outcome.status == 0
        (name,) = world.executions
        world.add(failed(name))
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert f"{name} (FAILED)" in outcome.err

    def test_the_same_content_starts_nothing_and_is_not_uploaded_again(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        tuner("run", str(folder))
        world.s3.delete_object(Bucket="tuner-data", Key="incoming/faq/training.jsonl")
        outcome = tuner("run", str(folder))
        assert outcome.status == 0
        assert "Nothing starts; --again runs it once more." in outcome.err
        assert "incoming/faq/training.jsonl" not in world.uploaded()

    def test_again_asks_the_start_function_for_the_next_repeat(self, tuner: Tuner, world: World, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = world.executions
        world.after["Invoke"] = lambda: world.add(Execution(f"{first}-r1"))
        outcome = tuner("run", str(folder), "--again")
        assert json.loads(world.calls("Invoke")[0]["Payload"]) == {"dataset": "faq", "repeat": 1}
        assert outcome.status == 0
        assert f"The run {first}-r1 succeeded" in outcome.err

    def test_again_of_what_never_ran_is_an_ordinary_run(self, tuner: Tuner, world: World, folder: Path) -> None:
        assert tuner("run", str(folder), "--again").status == 0
        assert world.calls("Invoke") == []

    def test_settings_take_the_place_of_the_folders_own(self, tuner: Tuner, world: World, folder: Path) -> None:
        (folder / "run.yaml").write_text("serving: none\n")
        other = folder.parent / "quick.yml"
        other.write_text("serving: on_demand\n")
        assert tuner("run", str(folder), "--settings", str(other), "--dataset", "my data").status == 0
        assert world.uploaded()["incoming/my data/run.yaml"] == b"serving: on_demand\n"

    def test_what_an_earlier_upload_left_is_taken_away_and_named(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        world.s3.put_object(Bucket="tuner-data", Key="incoming/faq/validation.csv", Body=b"old")
        outcome = tuner("run", str(folder))
        assert "incoming/faq/validation.csv" not in world.uploaded()
        assert "an earlier upload had left it: validation.csv" in outcome.err

    def test_says_where_to_look_when_nothing_starts(
        self, tuner: Tuner, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.starts = False
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "'tuner-start' says why nothing did" in outcome.err

    def test_ctrl_c_while_waiting_says_that_the_run_starts(
        self, tuner: Tuner, world: World, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        world.starts = False
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("run", str(folder))
        assert outcome.status == 130
        assert "the files are uploaded and the run starts" in outcome.err


class TestRunRefusesBeforeAnyUpload:
    @pytest.fixture(autouse=True)
    def _nothing_arrives(self, world: World) -> object:
        yield
        assert world.uploaded() == {}

    def test_no_path(self, tuner: Tuner) -> None:
        outcome = tuner("run")
        assert outcome.status == 2
        assert "Missing argument 'PATH" in outcome.err

    def test_a_path_that_is_not_there(self, tuner: Tuner, tmp_path: Path) -> None:
        outcome = tuner("run", str(tmp_path / "nowhere"))
        assert (outcome.status, "does not exist" in outcome.err) == (1, True)

    def test_a_file(self, tuner: Tuner, folder: Path) -> None:
        assert "is a file: name a folder" in tuner("run", str(folder / "training.jsonl")).err

    def test_a_folder_without_training_data(self, tuner: Tuner, folder: Path) -> None:
        (folder / "training.jsonl").rename(folder / "train.jsonl")
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "holds no training data: it must have training.jsonl, training.json or training.csv" in outcome.err

    def test_two_files_of_one_kind(self, tuner: Tuner, folder: Path) -> None:
        (folder / "training.csv").write_text("question,answer\na,b\n")
        assert "training.csv and training.jsonl: keep one" in tuner("run", str(folder)).err

    def test_a_misspelt_setting_with_its_file_and_the_nearest_key(self, tuner: Tuner, folder: Path) -> None:
        (folder / "run.yaml").write_text("servng: none\n")
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "run.yaml" in outcome.err
        assert "Did you mean 'serving'?" in outcome.err

    def test_settings_that_are_not_utf_8(self, tuner: Tuner, folder: Path) -> None:
        (folder / "run.yaml").write_bytes("system_prompt: déjà\n".encode("latin-1"))
        assert "not UTF-8 at byte 16" in tuner("run", str(folder)).err

    def test_settings_that_are_not_there(self, tuner: Tuner, folder: Path) -> None:
        assert "run.yml does not exist" in tuner("run", str(folder), "--settings", "run.yml").err

    def test_a_dataset_with_a_slash(self, tuner: Tuner, folder: Path) -> None:
        assert "cannot name a dataset" in tuner("run", str(folder), "--dataset", "a/b").err

    def test_a_stack_that_is_not_there(self, tuner: Tuner, folder: Path) -> None:
        outcome = tuner("run", str(folder), "--stack", "Other")
        assert outcome.status == 1
        assert "There is no stack 'Other' in us-east-1" in outcome.err
        assert "cdk deploy" in outcome.err


class TestWatch:
    def test_a_failure_says_where_why_and_where_to_look(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1"))
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 1
        assert "The run faq-1 failed at 'Check that the account is ready'." in outcome.err
        assert "QuotaError: The quota is 0. Ask AWS to raise it." in outcome.err
        assert "/tuner/step" in outcome.err
        assert "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions" in outcome.err

    def test_a_lambda_functions_error_is_shown_by_its_message(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1", cause=json.dumps({"errorMessage": "No access.", "errorType": "AccessDeniedError"})))
        assert "QuotaError: No access." in tuner("watch", "faq-1").err

    def test_follows_a_run_until_it_is_over(self, tuner: Tuner, world: World) -> None:
        running = Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING))
        looks = 0

        def end() -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                world.add(Execution("faq-1"))

        world.add(running)
        world.after["GetExecutionHistory"] = end
        outcome = tuner("watch", "latest")
        assert outcome.status == 0
        assert outcome.err.count("… Wait for the training") == 1
        assert "✓ Score the answers" in outcome.err

    def test_the_result_is_the_scores_the_verdict_the_stand_ins_and_what_is_left(
        self, tuner: Tuner, world: World
    ) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT, report("faq-1"))
        world.put("faq-1", Keys.ESTIMATE, ESTIMATE)
        world.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        outcome = tuner("watch", "faq-1")
        lines = outcome.err.splitlines()
        scores = [line.split() for line in lines if "Correctness" in line or "ROUGE-L" in line]
        assert scores == [
            ["Correctness", "(judge)", "2.50", "6.25", "+3.75", "+1.50", "to", "+6.00"],
            ["ROUGE-L", "0.100", "0.200", "+0.100"],
        ]
        assert all(len(line) <= 80 for line in lines if "s3://" not in line)
        assert "The tuned model is better." in outcome.err
        assert "Only 8 questions." in outcome.err
        assert "Cost, at AWS's list prices: $12.00 and 1 unknown price" in outcome.err
        assert "Stand-in: SmolLM2 (local stand-in for Nova Micro)" in outcome.err
        assert "Paid window: closed after 1 min 40 s, at most $1.00" in outcome.err
        assert f"s3://{ARTIFACTS}/runs/faq-1/report/index.html" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_an_unknown_price_is_called_so(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        assert "price unknown" in tuner("watch", "faq-1").err

    def test_throughput_that_is_left_is_named(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1"))
        world.throughputs = [throughput("faq-1"), throughput("faq-1-r1")]
        outcome = tuner("watch", "faq-1")
        assert outcome.err.count("Still there: ") == 1
        assert "provisioned-model/tuner-faq-1 (InService)" in outcome.err

    def test_ctrl_c_stops_the_watching_only(
        self, tuner: Tuner, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 130
        assert "the run goes on" in outcome.err
        assert world.calls("StopExecution") == []


class TestReferences:
    @pytest.fixture(autouse=True)
    def _runs(self, world: World) -> None:
        for index, name in enumerate(("faq-aaa1", "faq-aaa1-r1", "faq-bbb2", "other-1")):
            world.add(Execution(name, started=BEGAN + timedelta(hours=index)))

    @pytest.mark.parametrize(
        ("reference", "meant"),
        [("faq-aaa1", "faq-aaa1"), ("faq-b", "faq-bbb2"), ("o", "other-1"), ("latest", "other-1")],
    )
    def test_an_id_its_beginning_or_latest(self, tuner: Tuner, reference: str, meant: str) -> None:
        assert tuner("show", reference, "--json").json["run_id"] == meant

    def test_an_ambiguous_beginning(self, tuner: Tuner) -> None:
        outcome = tuner("show", "faq-a")
        assert outcome.status == 1
        assert "the beginning of 2 runs: faq-aaa1-r1, faq-aaa1. Give more of it." in outcome.err

    def test_a_misspelt_id(self, tuner: Tuner) -> None:
        assert "Did you mean 'faq-bbb2'?" in tuner("show", "fqa-bbb2").err

    def test_an_unknown_run(self, tuner: Tuner) -> None:
        outcome = tuner("watch", "nothing:like/it")
        assert outcome.status == 1
        assert "'tuner runs' lists them" in outcome.err


class TestRunsAndShow:
    def test_runs_as_json_is_a_list_newest_first(self, tuner: Tuner, world: World) -> None:
        world.add(failed("old-1"), Execution("new-1", started=BEGAN + timedelta(days=1)))
        found = tuner("runs", "--json").json
        assert [(run["run_id"], run["status"]) for run in found] == [("new-1", "SUCCEEDED"), ("old-1", "FAILED")]
        assert found[0]["took_seconds"] == 180
        assert datetime.fromisoformat(found[1]["started_at"]) == BEGAN

    def test_no_runs_is_an_empty_list(self, tuner: Tuner) -> None:
        assert tuner("runs", "--json").json == []
        assert "There are no runs yet" in tuner("runs").err

    def test_the_table_fits_80_columns_and_leaves_stdout_empty(self, tuner: Tuner, world: World) -> None:
        longest = run_id("a dataset with quite a long name, and more of it", [], repeat=12)
        world.add(Execution(longest, dataset="a dataset with quite a long name, and more of it"))
        outcome = tuner("runs")
        assert outcome.out == ""
        assert longest in outcome.err
        assert all(len(line) <= 80 for line in outcome.err.splitlines())

    def test_show_is_the_report_with_live_throughput_beside_it(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        written = report("faq-1")
        world.put("faq-1", Keys.REPORT, written)
        assert tuner("show", "faq-1", "--json").json == {**written, "live_throughput": []}

    def test_show_of_a_running_run_is_what_is_known(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.put("faq-1", Keys.ESTIMATE, ESTIMATE)
        world.throughputs = [throughput("faq-1")]
        outcome = tuner("show", "faq-1", "--json")
        assert outcome.status == 0
        assert outcome.json["status"] == "RUNNING"
        assert outcome.json["estimate"] == ESTIMATE
        assert {"name": "Pin the inputs", "state": "done"}.items() <= outcome.json["steps"][0].items()
        assert outcome.json["live_throughput"][0]["status"] == "InService"

    def test_a_report_that_says_more_than_this_version_knows_is_still_read(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT, report("faq-1", from_the_future={"a": 1}))
        assert "The tuned model is better." in tuner("show", "faq-1").err

    def test_a_report_of_another_version_is_not_guessed_at(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT, report("faq-1", schema_version=2))
        outcome = tuner("show", "faq-1")
        assert outcome.status == 1
        assert "was written by another version" in outcome.err
        assert tuner("show", "faq-1", "--json").json["schema_version"] == 2


class TestReport:
    def test_downloads_everything_of_the_report(self, tuner: Tuner, world: World, tmp_path: Path) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT, report("faq-1"))
        world.put("faq-1", Keys.REPORT_PAGE, "<html>")
        outcome = tuner("report", "faq-1", "--no-open", "--output", str(tmp_path / "out"))
        assert outcome.status == 0
        assert (tmp_path / "out" / "index.html").read_text() == "<html>"
        assert json.loads((tmp_path / "out" / "report.json").read_text())["run_id"] == "faq-1"
        assert str(tmp_path / "out" / "index.html") in outcome.err

    def test_opens_the_page_from_the_usual_place(
        self, tuner: Tuner, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tuner.cli.report.typer.launch", lambda address: opened.append(address) or 0)
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT_PAGE, "<html>")
        tuner("report", "faq-1")
        assert opened == [(tmp_path / "reports" / "faq-1" / "index.html").as_uri()]

    def test_a_run_without_a_report(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in("Pin the inputs")))
        outcome = tuner("report", "faq-1")
        assert outcome.status == 1
        assert "it is written when the run is over" in outcome.err

    def test_an_object_cannot_leave_the_folder(self, tuner: Tuner, world: World, tmp_path: Path) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT_PAGE, "<html>")
        world.put("faq-1", "report/../../evil", "x")
        outcome = tuner("report", "faq-1", "--no-open", "--output", str(tmp_path / "a" / "b"))
        assert outcome.status == 1
        assert not (tmp_path / "evil").exists()


class TestStop:
    def test_stops_run_and_training_and_waits_until_nothing_is_alive(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.throughputs = [throughput("faq-1")]
        world.job = {"status": "InProgress"}
        world.after["ListProvisionedModelThroughputs"] = world.throughputs.clear
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert world.executions["faq-1"].status == "ABORTED"
        assert world.job["status"] == "Stopping"
        assert len(world.calls("ListProvisionedModelThroughputs")) == 2
        assert "Throughput left: none" in outcome.err

    def test_a_run_that_is_over_is_left_as_it_is(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 0
        assert "is over already (SUCCEEDED)" in outcome.err
        assert world.calls("StopExecution") == []

    def test_what_stays_alive_is_an_error_that_names_it(
        self, tuner: Tuner, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.throughputs = [throughput("faq-1")]
        outcome = tuner("stop", "faq-1")
        assert outcome.status == 1
        assert "Still alive and paid for: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/" in outcome.err


class TestErrors:
    def test_no_credentials_say_what_to_do(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
        def nobody(*_: object, **__: object) -> None:
            raise NoCredentialsError

        monkeypatch.setattr("tuner.cli.deployment.client", nobody)
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "no AWS credentials" in outcome.err
        assert "--local" in outcome.err
        assert "Traceback" not in outcome.err

    def test_a_local_cloud_that_is_gone_is_named(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(*_: object, **__: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://127.0.0.1:9")

        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
        monkeypatch.setattr("tuner.cli.deployment.client", gone)
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "'tuner local up' starts one" in outcome.err

    def test_a_denied_call_shows_awss_own_words(
        self, tuner: Tuner, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied() -> None:
            raise Refused("AccessDeniedException", "User: bob is not authorized to perform: states:ListExecutions", 403)

        world.after["ListExecutions"] = denied
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "bob is not authorized to perform: states:ListExecutions" in outcome.err

    def test_the_local_cloud_is_down(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TUNER_LOCAL_DIR", str(tmp_path / "none"))
        outcome = tuner("runs", "--local")
        assert outcome.status == 1
        assert "The local cloud is not running. Start it with: tuner local up" in outcome.err

    def test_version(self, tuner: Tuner) -> None:
        assert tuner("version").out.strip() == __version__


def test_the_last_state_of_the_happy_history_is_the_machines_own() -> None:
    assert TO_THE_END[-1] == "The model is evaluated"


class TestAfterNinetyDays:
    """Step Functions has forgotten the execution; the run's folder is still there."""

    @pytest.fixture(autouse=True)
    def _forgotten(self, world: World) -> None:
        written = Report.model_validate(
            report("old-1", started_at="2026-05-01T08:00:00Z", ended_at="2026-05-01T09:00:00Z", status="FAILED")
            | {"failure": {"error": "DatasetError", "message": "training.jsonl, line 3: no answer."}, "dataset": "old"}
        )
        world.put("old-1", Keys.REPORT, written.model_dump_json())
        world.put("old-1", Keys.REPORT_CARD, card(written).model_dump_json())
        world.put("unfinished-1", Keys.MANIFEST, "{}")
        world.add(Execution("new-1"))

    def test_it_is_listed_after_the_newer_ones(self, tuner: Tuner) -> None:
        found = tuner("runs", "--json").json
        assert [run["run_id"] for run in found] == ["new-1", "old-1"]
        assert (found[1]["status"], found[1]["dataset"], found[1]["took_seconds"]) == ("FAILED", "old", 3600)

    def test_it_is_found_and_shown(self, tuner: Tuner) -> None:
        assert tuner("show", "old", "--json").json["run_id"] == "old-1"
        outcome = tuner("watch", "old")
        assert outcome.status == 1
        assert "DatasetError: training.jsonl, line 3: no answer." in outcome.err


class TestDoctor:
    @pytest.fixture(autouse=True)
    def _account(self, world: World) -> None:
        client("iam").create_role(RoleName="tuner-customization", AssumeRolePolicyDocument="{}")

    def test_an_account_that_is_ready(self, tuner: Tuner) -> None:
        outcome = tuner("doctor", "--json")
        assert {check["name"]: check["verdict"] for check in outcome.json} == {
            "Credentials": "ok",
            "Stack": "ok",
            "Data bucket": "ok",
            "Artifacts bucket": "ok",
            "Service role": "ok",
            "State machine": "ok",
            "Base model": "ok",
            "Judge": "ok",
            "Throughput quota": "ok",
        }
        assert outcome.status == 0

    def test_what_is_missing_fails_and_says_what_to_do(self, tuner: Tuner, world: World) -> None:
        world.model["modelLifecycle"]["status"] = "LEGACY"
        world.quota = 0.0
        client("iam").delete_role(RoleName="tuner-customization")
        outcome = tuner("doctor")
        assert outcome.status == 1
        assert outcome.out == ""
        said = " ".join(outcome.err.split())
        assert "✗ Base model" in said
        assert "✗ Service role" in said
        assert "ask AWS to raise quota L-BE77399C" in said
        assert "✓ Judge" in said

    def test_without_credentials_nothing_else_is_asked(
        self, tuner: Tuner, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nobody() -> str:
            raise AwsError("Could not ask who is calling: there are no AWS credentials.")

        monkeypatch.setattr("tuner.cli.doctor._identity", nobody)
        outcome = tuner("doctor", "--json")
        assert outcome.status == 1
        assert [check["name"] for check in outcome.json] == ["Credentials"]
        assert world.asked == []

    def test_without_a_stack_the_rest_is_still_checked(self, tuner: Tuner) -> None:
        found = {check["name"]: check["verdict"] for check in tuner("doctor", "--stack", "None", "--json").json}
        assert found["Stack"] == "failed"
        assert found["Base model"] == "ok"
        assert "Data bucket" not in found


class TestPermissions:
    """The reference names every action that a command needs, and none that it does not."""

    @pytest.fixture(autouse=True)
    def _setting(self, world: World, folder: Path) -> None:
        world.add(Execution("faq-1"), failed("faq-2"), Execution("faq-3", "RUNNING"))
        world.executions["faq-3"].history = History().is_in(*TO_TRAINING)
        world.job = {"status": "InProgress"}
        for run in ("faq-1", "faq-2"):
            world.put(run, Keys.REPORT, report(run))
            world.put(run, Keys.REPORT_PAGE, "<html>")
        old = Report.model_validate(report("forgotten-1"))
        world.put("forgotten-1", Keys.REPORT_CARD, card(old).model_dump_json())
        world.s3.put_object(Bucket="tuner-data", Key="incoming/faq/validation.csv", Body=b"old")
        client("iam").create_role(RoleName="tuner-customization", AssumeRolePolicyDocument="{}")
        world.after["Invoke"] = lambda: [world.add(Execution(f"{name}-r1")) for name in list(world.executions)]
        world.actions.clear()

    @pytest.mark.parametrize(
        ("command", "calls"),
        [
            ("run", [("run", "FOLDER", "--no-watch"), ("run", "FOLDER", "--again", "--no-watch")]),
            ("watch", [("watch", "faq-2"), ("watch", "faq-1"), ("watch", "nope"), ("show", "faq-3")]),
            ("runs", [("runs",)]),
            ("show", [("show", "faq-3", "--json"), ("show", "faq-2"), ("show", "nope")]),
            ("report", [("report", "faq-1", "--no-open", "--output", "OUT"), ("report", "nope")]),
            ("stop", [("stop", "faq-3"), ("stop", "forgotten")]),
            ("doctor", [("doctor",)]),
        ],
    )
    def test_they_are_what_is_called(
        self, command: str, calls: list[tuple[str, ...]], tuner: Tuner, world: World, folder: Path, tmp_path: Path
    ) -> None:
        places = {"FOLDER": str(folder), "OUT": str(tmp_path / "out")}
        for call in calls:
            tuner(*(places.get(word, word) for word in call))
        # S3 asks KMS itself, in the caller's name.
        named = {action for action in ACTIONS[command] if not action.startswith("kms:")}
        assert world.actions - {"cloudformation:DescribeStacks"} == named
