"""Starting and stopping a cloud, as far as possible without a server."""

import os
import ssl
import stat

import pytest
from cryptography import x509
from ministack.services import stepfunctions
from urllib3.exceptions import HTTPError

from local import cloud, deploy
from local.certificate import write_certificate
from local.errors import CloudNotRunningError, DeployError, LocalCloudError
from local.folder import FOLDER_VARIABLE, CloudFolder, CloudRecord
from local.patches.step_functions import runs_in_progress


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cloud"))
    return CloudFolder.default()


def test_without_a_cloud_nothing_runs_and_down_does_nothing(folder):
    assert cloud.status() == cloud.CloudStatus(running=False, folder=folder.root)
    assert cloud.down() is False
    assert not folder.root.exists()
    with pytest.raises(CloudNotRunningError, match="tuner local up"):
        cloud.env()


def test_a_record_whose_pid_belongs_to_another_process_is_stale(folder):
    folder.make()
    folder.write_record(CloudRecord(port=1, pid=os.getpid(), access_key_id="", secret_access_key="", engine="tiny"))
    assert not cloud.status().running


def test_down_removes_the_folder_after_a_crash(folder):
    folder.make()
    folder.record.write_text('{"port": 45')
    assert cloud.down() is True
    assert not folder.root.exists()


def test_an_unknown_engine_is_refused_before_anything_starts(folder):
    with pytest.raises(LocalCloudError, match=r"no engine 'huge'\. Use one of: smollm2, tiny"):
        cloud.up(engine="huge")
    assert not folder.root.exists()


def test_a_judge_url_that_does_not_answer_is_refused_before_anything_is_deleted(folder, monkeypatch):
    def nobody(*_, **__):
        raise HTTPError("Connection refused")

    monkeypatch.setenv("LOCAL_JUDGE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr("local.bedrock.tools.judge_server._pool.request", nobody)
    folder.make()
    with pytest.raises(
        LocalCloudError, match=r"did not answer: Connection refused\. Start the server, correct LOCAL_JUDGE_URL"
    ):
        cloud.up()
    assert folder.temporary.exists()


def test_up_names_the_runs_that_ended_with_the_cloud_before_it(folder, monkeypatch):
    noted: list[dict] = []
    monkeypatch.setattr(stepfunctions, "_emit_execution_status_event", noted.append)
    runs_in_progress.install()
    for run, status in (("faq-1", "RUNNING"), ("faq-2", "RUNNING"), ("faq-1", "SUCCEEDED"), ("faq-3", "RUNNING")):
        stepfunctions._emit_execution_status_event({"name": run, "status": status})
    assert len(noted) == 4
    assert folder.interrupted_runs() == ("faq-2", "faq-3")
    (folder.root / "local-cloud").touch()  # the folder of a cloud whose server died
    monkeypatch.setattr(cloud, "_start", lambda *_: None)
    assert cloud.up(deploy=False).lost_runs == ("faq-2", "faq-3")
    assert cloud.up(deploy=False).lost_runs == ()


def test_down_names_the_runs_that_end_with_the_cloud(folder):
    folder.make()
    folder.runs_in_progress.mkdir(parents=True, exist_ok=True)
    (folder.runs_in_progress / "faq-2").touch()
    said: list[str] = []
    assert cloud.down(said.append) is True
    assert said == ["Lost, because they were in progress: faq-2"]


def test_the_certificate_is_for_loopback_and_only_the_owner_reads_its_key(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in found.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\n", None),
        ("✨  Synthesis time: 2.97s\n", "✨  Synthesis time: 2.97s"),
        ("App | 1/39 | 7:07:27 AM | CREATE_IN_PROGRESS   | AWS::IAM::Role    | Fn/Role (FnRole1) \n", None),
        (
            "App | 2/39 | 7:07:27 AM | CREATE_COMPLETE      | AWS::IAM::Role    | Fn/Role (FnRole1) \n",
            "App 2/39 AWS::IAM::Role Fn/Role (FnRole1)",
        ),
        (
            "App |  2/39 | 7:07:27 AM | CREATE_FAILED        | AWS::SQS::Queue  | Q (Q1) no such thing\n",
            "App 2/39 CREATE_FAILED AWS::SQS::Queue Q (Q1) no such thing",
        ),
    ],
)
def test_a_deployment_shows_only_finished_and_failed_resources(line, shown):
    assert deploy.summary(line) == shown


def tool(tmp_path, shown):
    return deploy._Tool({"PATH": os.environ["PATH"]}, tmp_path / "deploy.log", shown.append)


@pytest.mark.slow
def test_the_output_of_a_failing_tool_is_reported(tmp_path):
    shown: list[str] = []
    with pytest.raises(DeployError, match=r"(?s)`sh -c .*` failed. The end of .*deploy.log:\nit broke"):
        tool(tmp_path, shown).run(("sh", "-c", "echo it broke >&2; exit 3"), tmp_path)
    assert shown == ["it broke"]
    assert (tmp_path / "deploy.log").read_text() == "it broke\n"


def test_the_error_for_a_missing_tool_says_how_to_install_it(tmp_path):
    with pytest.raises(DeployError, match="`no-such-tool` is not installed: run `make setup`"):
        tool(tmp_path, []).run(("no-such-tool",), tmp_path)
