"""An execution's input that the start function would not make is refused before anything is read from it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tuner.artifacts.manifest import PinnedInput
from tuner.aws.s3.dataset_bucket import HashedObject
from tuner.core.errors import RunRefusedError
from tuner.core.run import run_id
from tuner.intake.pinned_inputs import refuse_foreign_inputs

FILES = {
    "incoming/faq/training.jsonl": "training",
    "incoming/faq/documents/terms.md": "documents",
    "incoming/faq/run.yaml": "settings",
    "incoming/other/training.jsonl": "training",
}


class Bucket:
    """Each object has one version, whose hash is its key's length in hexadecimal digits."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def hash_version(self, pinned: PinnedInput) -> HashedObject | None:
        self.read.append(pinned.key)
        if pinned.key not in FILES or pinned.version_id != "1":
            return None
        return HashedObject("1", len(pinned.key), f"{len(pinned.key):064x}")


def pinned(named: str, **members: Any) -> PinnedInput:
    usual = {"role": FILES[named], "key": named, "version_id": "1", "size": len(named), "sha256": f"{len(named):064x}"}
    return PinnedInput.model_validate(usual | members)


OWN = tuple(pinned(key) for key in FILES if key.startswith("incoming/faq/"))


def check(dataset: str = "faq", inputs: tuple[PinnedInput, ...] = OWN, **asked: str) -> list[str]:
    """Checks an input whose run id is right, but for what is asked. Returns the keys that were read."""
    prefix = f"incoming/{dataset}/"
    run = asked.get("run") or run_id(dataset, [(each.key.removeprefix(prefix), each.sha256) for each in inputs])
    arn = asked.get("arn") or f"arn:aws:states:us-east-1:123456789012:execution:tuner-customization:{run}"
    bucket = Bucket()
    refuse_foreign_inputs(bucket, dataset, run, arn, inputs)
    return bucket.read


def test_the_input_of_the_start_function_is_accepted_also_for_a_repetition() -> None:
    assert check() == [each.key for each in OWN]
    again = run_id("faq", [(each.key.removeprefix("incoming/faq/"), each.sha256) for each in OWN], 12)
    assert check(run=again)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"inputs": (*OWN, pinned("incoming/other/training.jsonl"))}, "is not the training data of the dataset 'faq'"),
        ({"inputs": (*OWN[1:], OWN[0].model_copy(update={"size": 2**34}))}, "a dataset may have 8 GiB"),
        ({"dataset": "other"}, "is not the training data of the dataset 'other'"),
        ({"dataset": "faq/documents"}, "is not the name of a dataset"),
        ({"dataset": ""}, "is not the name of a dataset"),
        ({"inputs": (pinned("incoming/faq/run.yaml", role="training"),)}, "is not the training data"),
        (
            {"inputs": (pinned("incoming/faq/run.yaml", key="incoming/faq/../other/training.jsonl"),)},
            "is not the settings",
        ),
        ({"inputs": (*OWN, OWN[0])}, "twice"),
        ({"run": "other-0123456789ab"}, "run id 'other-0123456789ab' is not that of this content"),
        ({"run": "faq-0123456789ab-r2"}, "run id 'faq-0123456789ab-r2' is not that of this content"),
        ({"arn": "arn:aws:states:us-east-1:1:execution:tuner:another"}, "execution name 'another' is not that"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_input_is_refused_and_nothing_is_read(
    wrong: Mapping[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bucket, "hash_version", lambda *_: pytest.fail("an object was read"))
    with pytest.raises(RunRefusedError, match=said):
        check(**wrong)


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size": 1}, {"version_id": "2"}], ids=str)
def test_another_version_hash_or_size_than_the_bucket_has_is_refused(wrong: dict[str, Any]) -> None:
    inputs = (OWN[0].model_copy(update=wrong), *OWN[1:])
    with pytest.raises(RunRefusedError, match="does not have the size and the SHA-256"):
        check(inputs=inputs)
