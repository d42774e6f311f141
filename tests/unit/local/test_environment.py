"""The environments of clients, which reach the local cloud, and of the server, which cannot reach a real account."""

import os
import subprocess

import pytest

from local import environment
from local.folder import CloudFolder, CloudRecord


@pytest.fixture
def folder(tmp_path):
    return CloudFolder(tmp_path / "a folder with 'quotes'")


RECORD = CloudRecord(port=50123, pid=1, access_key_id="AKIALOCAL", secret_access_key="s3cret", engine="tiny")


def evaluated(client, variable, base):
    """The value of `variable` in a real shell after it evaluated the lines."""
    script = f'{client.shell()}\nprintf %s "${{{variable}-unset}}"'
    return subprocess.run(["/bin/sh", "-c", script], env=base, capture_output=True, text=True, check=True).stdout


def test_a_shell_reaches_the_cloud(folder):
    client = environment.client_environment(folder, RECORD)
    base = {"PATH": os.environ["PATH"], "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "token"}
    assert evaluated(client, "AWS_ENDPOINT_URL", base) == "https://127.0.0.1:50123"
    assert evaluated(client, "AWS_CA_BUNDLE", base) == str(folder.certificate)
    assert evaluated(client, "NODE_EXTRA_CA_CERTS", base) == str(folder.certificate)
    assert evaluated(client, "AWS_SECRET_ACCESS_KEY", base) == "s3cret"
    assert evaluated(client, "AWS_PROFILE", base) == "unset"
    assert evaluated(client, "AWS_SESSION_TOKEN", base) == "unset"


def test_a_child_process_gets_the_same_environment_as_a_shell(folder):
    client = environment.client_environment(folder, RECORD)
    child = client.applied_to({"AWS_PROFILE": "production", "HOME": "/home/me"})
    assert "AWS_PROFILE" not in child
    assert child["HOME"] == "/home/me"
    assert child["AWS_ACCESS_KEY_ID"] == "AKIALOCAL"


def test_evaluating_the_output_twice_does_not_repeat_the_path(folder, monkeypatch):
    once = environment.client_environment(folder, RECORD).variables["PATH"]
    monkeypatch.setenv("PATH", once)
    assert environment.client_environment(folder, RECORD).variables["PATH"] == once


def test_node_and_the_cdk_come_from_the_checkout(folder):
    path = environment.client_environment(folder, RECORD).variables["PATH"].split(os.pathsep)
    assert os.access(os.path.join(path[0], "node"), os.X_OK)
    assert path[1].endswith("node_modules/.bin")


def test_a_users_proxy_exceptions_are_kept(folder, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    client = environment.client_environment(folder, RECORD)
    assert client.variables["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_the_server_gets_no_setting_of_the_users_account(folder, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("MINISTACK_REGION", "eu-west-1")
    server = environment.server_environment(folder, RECORD)
    assert "AWS_PROFILE" not in server
    assert "AWS_SESSION_TOKEN" not in server
    assert server["MINISTACK_REGION"] == "us-east-1"


def test_the_server_enforces_iam_over_tls_on_loopback_only(folder):
    server = environment.server_environment(folder, RECORD)
    assert (server["AUTH"], server["USE_SSL"], server["BIND_HOST"]) == ("true", "1", "127.0.0.1")
    assert server["MINISTACK_SSL_CERT"] == str(folder.certificate)
    assert server["TMPDIR"].startswith(str(folder.root))
    assert server["LOCAL_BEDROCK_ENGINE"] == "tiny"
