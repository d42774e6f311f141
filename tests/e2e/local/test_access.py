"""Access to the server: only over TLS, on loopback and with a signature."""

import ssl
import urllib.error
import urllib.request

import psutil
import pytest

from local import cloud
from tests.e2e.local.conftest import ACCOUNT, denial, session_of

pytestmark = pytest.mark.e2e


def test_only_tls_with_this_clouds_certificate_answers(status):
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"{status.endpoint}/_ministack/health", context=ssl.create_default_context())
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f"{status.endpoint.replace('https', 'http')}/_ministack/health")


def test_it_listens_on_one_port_of_loopback_only(status):
    listening = [c.laddr for c in psutil.Process(status.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [f"https://{address.ip}:{address.port}" for address in listening] == [status.endpoint]


@pytest.mark.parametrize("key", [None, "test", ACCOUNT])
def test_a_wrong_secret_is_refused_for_every_root_key(status, key):
    variables = cloud.env().variables
    keys = {"aws_access_key_id": key or variables["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "guessed"}
    stranger = session_of(variables, **keys)
    assert "SignatureDoesNotMatch" in denial(stranger.client("sts").get_caller_identity)
    assert "SignatureDoesNotMatch" in denial(stranger.client("s3").list_buckets)
    assert "InvalidSignatureException" in denial(stranger.client("bedrock").list_foundation_models)


def test_an_unsigned_request_is_refused(status):
    variables = cloud.env().variables
    bedrock = urllib.request.Request(
        f"{status.endpoint}/foundation-models", headers={"Host": "bedrock.us-east-1.amazonaws.com"}
    )
    trust = ssl.create_default_context(cafile=variables["AWS_CA_BUNDLE"])
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(bedrock, context=trust)
