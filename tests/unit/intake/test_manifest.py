"""`run.json` is written once, with the resolved settings of the run."""

import datetime as dt

import pytest

from tests.doubles import RUN, STARTED, MemoryFolder
from tuner import __version__
from tuner.artifacts.manifest import Manifest, PinnedInput
from tuner.aws.bedrock.resources import FoundationModel
from tuner.aws.s3.dataset_bucket import ListedObject
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, ModelUnavailableError, RunRefusedError, SettingsError
from tuner.intake.manifest import write_manifest
from tuner.settings import DeploymentSettings

SETTINGS = PinnedInput(role="settings", key="incoming/faq/run.yaml", version_id="7", size=1, sha256="0")
TRAINING = PinnedInput(role="training", key="incoming/faq/training.jsonl", version_id="8", size=1, sha256="0")


class Inputs:
    bucket = "data"

    def __init__(self, text: bytes, others: tuple[str, ...] = ()) -> None:
        self.text = text
        self.names = ("training.jsonl", "run.yaml", *others)

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        return tuple(ListedObject(f"incoming/{dataset}/{name}", "etag", 1, at) for name in self.names)

    def read(self, pinned: PinnedInput) -> bytes:
        assert pinned.version_id == SETTINGS.version_id
        return self.text


class Models:
    def __init__(self, name: str | None = "Nova Micro (local stand-in)") -> None:
        self.name = name

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        return FoundationModel(model_id, self.name, True, None, ("FINE_TUNING",)) if self.name else None


def write(
    folder: MemoryFolder,
    text: bytes = b"",
    models: Models | None = None,
    pinned: tuple[PinnedInput, ...] = (TRAINING, SETTINGS),
    started_at: str = STARTED,
    others: tuple[str, ...] = (),
) -> Manifest:
    return write_manifest(
        folder,
        Inputs(text, others),
        models or Models(),
        DeploymentSettings(),
        dataset="faq",
        pinned=pinned,
        execution_arn="arn:execution",
        started_at=started_at,
    )


def test_the_manifest_has_the_settings_the_name_of_the_model_and_the_resource_name() -> None:
    folder = MemoryFolder()
    write(folder, b"serving: none\nhyperparameters: {epochCount: 3}\n")
    manifest = folder.manifest()
    assert manifest.settings.serving == "none"
    assert manifest.hyperparameters["epochCount"] == "3"
    assert manifest.base_model_name == "Nova Micro (local stand-in)"
    assert manifest.base_endpoint == "amazon.nova-micro-v1:0"
    assert manifest.resource_name == f"tuner-{RUN}"
    assert manifest.versions["boto3"]
    assert manifest.versions["bedrock-tuner"] == __version__


def test_the_manifest_names_the_files_that_look_like_a_part_of_the_dataset_and_are_not_used() -> None:
    found = write(MemoryFolder(), others=("evaluation (1).jsonl", "scorer.py", "README.md")).unused_files
    assert [(file.name, file.rule) for file in found] == [
        ("evaluation (1).jsonl", "unused-file"),
        ("scorer.py", "python-file"),
    ]
    assert found[0].remedy == "Rename evaluation (1).jsonl to evaluation.jsonl."
    many = write(MemoryFolder(), others=tuple(f"docs/{n}.md" for n in range(1000))).unused_files
    assert len(many) == 100


def test_a_run_without_settings_has_the_defaults() -> None:
    folder = MemoryFolder()
    write(folder, pinned=(TRAINING,))
    assert folder.manifest().settings.serving == "on_demand", "auto, settled for Nova Micro"


@pytest.mark.parametrize("role", ["training", "validation", "evaluation", "guard", "settings"])
def test_two_files_with_the_same_role_are_an_error_that_names_both(role: str) -> None:
    folder = MemoryFolder()
    both = [SETTINGS.model_copy(update={"role": role, "key": f"incoming/faq/{name}"}) for name in ("a.csv", "a.jsonl")]
    with pytest.raises(DatasetError, match=rf"incoming/faq/: a\.csv and a\.jsonl have the same role: {role}"):
        write(folder, pinned=(*both,))
    assert not folder.files


@pytest.mark.parametrize(("settings", "roles"), [("evaluation: {guard: 8}\n", ()), ("", ("guard",))])
def test_a_rule_about_guard_questions_needs_some(settings: str, roles: tuple[str, ...]) -> None:
    gate = "gate: {guard: {not_worse_than: base}}\n"
    with pytest.raises(SettingsError, match=r"run\.yaml: gate: guard: the run asks no guard questions"):
        write(MemoryFolder(), gate.encode())
    own = (TRAINING.model_copy(update={"role": role, "key": f"incoming/faq/{role}.jsonl"}) for role in roles)
    assert write(MemoryFolder(), (settings + gate).encode(), pinned=(TRAINING, SETTINGS, *own)).asks_guard


def test_a_repeated_step_does_not_change_the_manifest() -> None:
    folder = MemoryFolder()
    write(folder)
    first = folder.files[Keys.MANIFEST]
    write(folder)
    assert folder.files[Keys.MANIFEST] == first


def test_the_folder_of_an_earlier_run_is_not_overwritten() -> None:
    folder = MemoryFolder()
    write(folder)
    with pytest.raises(RunRefusedError, match=f"tuner run {RUN} --again"):
        write(folder, started_at="2027-03-01T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"serving: [", "run.yaml, line 1"),
        (b"a: 1\n\tb: 2", "run.yaml, line 2"),
        ("system_prompt: \u00fcber".encode("latin-1"), "is not UTF-8"),
        (b"- 1", "must contain keys and values"),
    ],
)
def test_errors_of_unreadable_settings_name_the_place(text: bytes, said: str) -> None:
    folder = MemoryFolder()
    with pytest.raises(SettingsError, match=said):
        write(folder, text)
    assert not folder.files


def test_an_error_names_the_line() -> None:
    with pytest.raises(SettingsError, match=r"^run\.yaml, line 2: hyperparameters\.epochCount: must be from 1 to 5"):
        write(MemoryFolder(), b"hyperparameters:\n  epochCount: 9\n")


def test_a_model_that_the_region_does_not_offer_is_refused_before_anything_is_written() -> None:
    folder = MemoryFolder()
    with pytest.raises(ModelUnavailableError, match="not offered in us-east-1"):
        write(folder, models=Models(None))
    assert not folder.files
