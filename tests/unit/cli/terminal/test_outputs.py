"""No command replaces a source, nor any other file without --force; `-` is standard input and output."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.samples import report
from tests.unit.datasets.memory_files import NOVA, jsonl, pairs
from tuner.cli.app import app
from tuner.cli.errors import CommandError
from tuner.cli.terminal.console import emit
from tuner.cli.terminal.outputs import StandardOutput, output_sink, target, write_files
from tuner.core.errors import DatasetError
from tuner.datasets.io import LocalSink

CSV = "question,answer\n" + "".join(f"What is {number}?,It is {number}.\n" for number in range(40))
MODEL = ("--model", NOVA)


def call(*arguments: str, given: str | bytes | None = None) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)


def said(result: Any) -> str:
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture
def faq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a dataset's files and other names for one of them."""
    folder = tmp_path / "faq"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "training.jsonl").write_bytes(jsonl(pairs(60)))
    (folder / "soft.jsonl").symlink_to("training.jsonl")
    os.link(folder / "training.jsonl", folder / "hard.jsonl")
    before = (folder / "training.jsonl").read_bytes()
    yield folder
    assert (folder / "training.jsonl").read_bytes() == before
    assert [path.name for path in folder.rglob("*.partial")] == []


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("training.jsonl", "training.jsonl"),
        ("training.jsonl", "../faq/./training.jsonl"),
        ("training.jsonl", "soft.jsonl"),
        ("training.jsonl", "hard.jsonl"),
        ("soft.jsonl", "training.jsonl"),
        ("hard.jsonl", "training.jsonl"),
    ],
)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_source_is_never_replaced(faq: Path, source: str, output: str, force: list[str]) -> None:
    result = call("data", "convert", source, *MODEL, "--output", output, *force)
    assert result.exit_code == 2
    assert "is the source itself, which is never replaced" in said(result)


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("source", ["training.jsonl", "soft.jsonl", "hard.jsonl"])
def test_a_split_into_the_folder_of_its_source_is_refused(faq: Path, source: str, force: list[str]) -> None:
    result = call("data", "split", source, *MODEL, "--output", ".", *force)
    assert result.exit_code == 2
    assert not (faq / "validation.jsonl").exists()


def test_results_are_replaced_only_with_force(faq: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    split = ("data", "split", "training.jsonl", *MODEL, "--output", str(parts))
    assert call(*split).exit_code == 0
    (parts / "validation.jsonl").write_text("corrected by hand")
    again = call(*split)
    assert again.exit_code == 2
    assert "exists. Add --force to replace it" in said(again)
    assert (parts / "validation.jsonl").read_text() == "corrected by hand"
    assert call(*split, "--force").exit_code == 0
    assert (parts / "validation.jsonl").read_text() != "corrected by hand"
    assert sorted(path.name for path in parts.iterdir()) == ["training.jsonl", "validation.jsonl"]


def test_a_target_that_is_no_regular_file_is_refused(faq: Path) -> None:
    os.mkfifo(faq / "pipe")
    (faq / "loop").symlink_to("loop")
    for name, why in (
        ("pipe", "no regular file"),
        ("loop", "no regular file"),
        ("/dev/null", "no regular file"),
        (".", "is a folder"),
        ("n" * 300, "cannot be written: File name too long"),
    ):
        result = call("data", "convert", "training.jsonl", *MODEL, "--output", name, "--force")
        assert (result.exit_code, why in said(result)) == (2, True), name


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process may have more than 2,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_full_disk_is_reported_for_the_output_and_leaves_it_unchanged(
    faq: Path, full_disk: None, force: list[str]
) -> None:
    if force:
        (faq / "result").write_text("old")
    result = call("data", "convert", "training.jsonl", *MODEL, "--output", "result", *force)
    assert result.exit_code == 1
    assert isinstance(result.exception, DatasetError)
    assert str(result.exception) == f"'{faq / 'result'}' cannot be written: File too large. It was left as it was."
    assert (faq / "result").exists() is bool(force)
    assert not force or (faq / "result").read_text() == "old"


def test_a_full_disk_behind_standard_output_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = StandardOutput()
    sink.write(b"x")
    for write in (lambda: emit({"a": 1}), sink.commit):
        output = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, too
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(CommandError, match=r"^Standard output cannot be written: No space left on device\.$"):
            write()
        with suppress(OSError):
            output.close()


@pytest.mark.parametrize("arguments", [("check", "-"), ("convert", "training.jsonl", *MODEL, "--output", "-")])
def test_a_full_folder_for_temporary_files_is_not_said_of_the_source(
    faq: Path, full_disk: None, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("tuner.cli.terminal.outputs._IN_MEMORY", 1)
    result = call("data", *arguments, given=(faq / "training.jsonl").read_bytes())
    assert str(result.exception).startswith("The folder for temporary files cannot be written: File too large.")


def test_a_reader_that_stops_early_reports_no_error_of_the_file(faq: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: StandardOutput) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(StandardOutput, "commit", closed)
    result = call("data", "convert", "training.jsonl", *MODEL, "--output", "-")
    assert "FILE" not in said(result)
    assert isinstance(result.exception, BrokenPipeError | SystemExit)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    behind, link = tmp_path / "behind", tmp_path / "link"
    behind.write_text("old")
    link.symlink_to(behind)
    with pytest.raises(typer.BadParameter, match="exists"):
        output_sink(str(link))
    write_files({link: b"new"}, force=True)
    assert (link.is_symlink(), behind.read_text()) == (True, "new")


def test_a_name_of_another_case_is_the_same_file_where_the_file_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, other = tmp_path / "faq.csv", tmp_path / "FAQ.csv"
    source.write_text("q")
    other.write_text("q")
    assert target(other, [source], force=True) == other
    # As on macOS and Windows, where both names have one inode.
    monkeypatch.setattr(Path, "samefile", lambda one, two: str(one).lower() == str(two).lower())
    with pytest.raises(typer.BadParameter, match="source itself"):
        target(other, [source], force=True)


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    with pytest.raises(typer.BadParameter, match="exists"):
        write_files({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert not (tmp_path / "a").exists()
    # What is there already is not replaced, so it needs no --force.
    write_files({tmp_path / "a": b"new", tmp_path / "b": b"old"})
    assert (tmp_path / "a").read_text() == "new"


def test_an_object_is_replaced_only_with_force(s3: Any, faq: Path) -> None:
    convert = ("data", "convert", "training.jsonl", *MODEL, "--output", "s3://bucket/out.jsonl")
    assert call(*convert).exit_code == 0
    s3.put_object(Bucket="bucket", Key="out.jsonl", Body=b"corrected")
    assert (call(*convert).exit_code, s3.get_object(Bucket="bucket", Key="out.jsonl")["Body"].read()) == (
        2,
        b"corrected",
    )
    assert call(*convert, "--force").exit_code == 0
    same = call("data", "convert", "s3://bucket/out.jsonl", *MODEL, "--output", "s3://bucket/out.jsonl", "--force")
    assert (same.exit_code, "source itself" in said(same)) == (2, True)


def test_an_object_that_appears_meanwhile_is_not_replaced(s3: Any) -> None:
    sink = output_sink("s3://bucket/out.jsonl")
    sink.write(b"new")
    s3.put_object(Bucket="bucket", Key="out.jsonl", Body=b"first")
    with pytest.raises(Exception, match=r"PreconditionFailed|pre-conditions"):
        sink.commit()
    assert s3.get_object(Bucket="bucket", Key="out.jsonl")["Body"].read() == b"first"


@pytest.mark.parametrize("given", [CSV, jsonl(pairs(40)), CSV.replace(",", "\t")], ids=["csv", "jsonl", "tsv"])
def test_standard_input_and_output(given: str | bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("data", "convert", "-", *MODEL, "--output", "-", given=given)
    assert result.exit_code == 0, result.stderr
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 40
    assert call("data", "check", "-", *MODEL, given=given).exit_code == 0
    (tmp_path / "parts").mkdir()
    assert call("data", "split", "-", *MODEL, "--output", "parts", given=given).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_standard_output_has_nothing_of_a_wrong_file() -> None:
    result = call("data", "convert", "-", *MODEL, "--output", "-", given=CSV + "What is left?,\n")
    assert (result.exit_code, result.stdout) == (1, "")


def test_two_uses_of_standard_output_are_refused() -> None:
    assert call("data", "convert", "-", *MODEL, "--output", "-", "--json", given=CSV).exit_code == 2


@pytest.mark.slow
def test_reports_are_replaced_only_with_force(aws: FakeAws, tuner: Tuner, tmp_path: Path) -> None:
    aws.add(Execution("faq-1"))
    for name in ("runs/index.html", "runs/index.json"):
        aws.s3.put_object(Bucket="tuner-artifacts", Key=name, Body=b"{}")
    aws.put("faq-1", "report/report.json", report("faq-1"))
    aws.put("faq-1", "report/index.html", "<p>first</p>")
    out = tmp_path / "out"
    for command in (("report", "faq-1", "--no-open"), ("runs", "--page", "--no-open")):
        aws.put("faq-1", "report/index.html", "<p>first</p>")
        assert tuner(*command, "--output", str(out)).status == 0
        assert tuner(*command, "--output", str(out)).status == 0  # the same content
        (out / "index.html").write_text("mine")
        refused = tuner(*command, "--output", str(out))
        assert (refused.status, "--force" in refused.err, (out / "index.html").read_text()) == (2, True, "mine")
        assert tuner(*command, "--output", str(out), "--force").status == 0
        assert (out / "index.html").read_text() != "mine"
        out = tmp_path / "runs"


def test_an_exported_review_is_not_lost(aws: FakeAws, tuner: Tuner, tmp_path: Path) -> None:
    aws.add(Execution("faq-1"))
    aws.put("faq-1", "scores/review.csv", "question,score_1\nWhy?,\n")
    file = tmp_path / "review.csv"
    export = ("review", "export", "faq-1", "--output")
    assert tuner(*export, str(file)).status == 0
    file.write_text("filled in")
    assert (tuner(*export, str(file)).status, file.read_text()) == (2, "filled in")
    assert (tuner(*export, str(file), "--force").status, file.read_text()) == (0, "question,score_1\nWhy?,\n")


def test_evaluate_reads_standard_input_and_keeps_results(tmp_path: Path) -> None:
    answers = json.dumps([{"question": f"What is {number}?", "answer": f"It is {number}."} for number in range(8)])
    for name in ("base.json", "references.json"):
        (tmp_path / name).write_text(answers)
    compare = ["evaluate", "--base", f"{tmp_path}/base.json", "--references", f"{tmp_path}/references.json"]
    compare += ["--metric", "rouge"]
    assert call(*compare, "--tuned", "-", "--output", f"{tmp_path}/out", given=answers).exit_code == 0
    (tmp_path / "out" / "review.csv").write_text("filled in")
    again = call(*compare, "--tuned", f"{tmp_path}/base.json", "--output", f"{tmp_path}/out")
    assert (again.exit_code, (tmp_path / "out" / "review.csv").read_text()) == (2, "filled in")
    twice = call("evaluate", "--base", "-", "--tuned", "-", "--references", f"{tmp_path}/base.json", given=answers)
    assert "Standard input can be read once" in str(twice.exception)


@pytest.mark.parametrize(("path", "why"), [("/dev/zero", "is no regular file"), ("/dev/none", "does not exist")])
def test_a_device_is_no_file_of_answers(path: str, why: str) -> None:
    result = call("evaluate", "--base", path, "--tuned", path, "--references", path)
    assert (result.exit_code, f"'{path}' {why}" in said(result)) == (2, True)


def test_a_source_of_evaluate_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(json.dumps([{"question": "What?", "answer": "That."}]))
    file = f"{tmp_path}/scores.json"
    files = ("--base", file, "--tuned", file, "--references", file)
    result = call("evaluate", *files, "--output", str(tmp_path), "--force")
    assert (result.exit_code, "source itself" in said(result)) == (2, True)


@pytest.mark.parametrize("appears", ["file", "link", "pipe"])
@pytest.mark.parametrize("force", [False, True])
def test_what_appears_at_the_target_meanwhile_is_left(tmp_path: Path, force: bool, appears: str) -> None:
    path, other = tmp_path / "result", tmp_path / "other"
    other.write_text("theirs")
    sink = output_sink(str(path), force=force)
    sink.write(b"ours")
    match appears:
        case "file":
            path.write_text("theirs")
        case "link":
            path.symlink_to(other)
        case "pipe":
            os.mkfifo(path)
    if force and appears == "file":
        sink.commit()
        assert path.read_bytes() == b"ours"
        return
    with pytest.raises(DatasetError, match="left as it is"):
        sink.commit()
    sink.discard()
    assert path.is_fifo() or path.read_text() == "theirs"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["other", "result"]


@pytest.mark.parametrize("links", [True, False], ids=["", "without hard links"])
def test_of_two_commands_with_one_output_the_first_wins_and_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    first, second = (output_sink(str(tmp_path / "result")) for _ in range(2))
    for letter in b"abc":
        first.write(bytes([letter]) * 9)
        second.write(b"-")
    first.commit()
    with pytest.raises(DatasetError, match="made by another program"):
        second.commit()
    second.discard()
    assert (tmp_path / "result").read_bytes() == b"a" * 9 + b"b" * 9 + b"c" * 9


def test_two_commands_with_the_same_files_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each commits its files one after another. Without a lock, the second would commit between two of the first."""
    second: list[threading.Thread] = []
    commit = LocalSink.commit

    def interrupted(sink: LocalSink) -> None:
        commit(sink)
        if not second:
            second.append(threading.Thread(target=write, args=(b"second",)))
            second[0].start()
            second[0].join(0.2)

    def write(data: bytes) -> None:
        write_files({tmp_path / name: data for name in ("a", "b")}, force=True)

    monkeypatch.setattr(LocalSink, "commit", interrupted)
    write(b"first")
    second[0].join()
    assert {(tmp_path / name).read_bytes() for name in ("a", "b")} == {b"second"}
    assert len(list(tmp_path.iterdir())) == 2


def test_results_that_another_command_made_meanwhile_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("base", "tuned", "references"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps([{"question": f"What {n}?", "answer": "That."} for n in range(3)])
        )
    compare = [
        "evaluate",
        *(part for name in ("base", "tuned", "references") for part in (f"--{name}", f"{name}.json")),
    ]
    monkeypatch.chdir(tmp_path)

    def meanwhile(*_: object) -> str:
        (tmp_path / "out" / "review.csv").write_text("theirs")
        return "<html>"

    monkeypatch.setattr("tuner.reporting.files_comparison.page", meanwhile)
    assert call(*compare, "--metric", "rouge", "--output", "out").exit_code == 2
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"review.csv": "theirs"}
