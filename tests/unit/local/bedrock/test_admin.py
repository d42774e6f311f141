"""The local-only endpoints, and the quota that they change."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from local.bedrock.state.settings import Settings
from local.trainer.spec import Progress, TrainingRow
from tests.unit.local.bedrock.conftest import connect


@pytest.fixture
def local(bedrock):
    def request(method, path, body=None):
        handler = bedrock.handlers()["bedrock"]
        content = b"" if body is None else json.dumps(body).encode()
        status, _, answer = asyncio.run(handler(method, f"/_local/bedrock{path}", {}, content, {}))
        return status, json.loads(answer)

    return request


def test_settings_change_while_it_runs(bedrock, local):
    quotas = connect(bedrock.handlers()["servicequotas"], "service-quotas")
    value = lambda: quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")["Quota"]["Value"]  # noqa: E731
    assert value() == 2
    status, settings = local("PUT", "/settings", {"model_units": 0})
    assert (status, settings["model_units"], settings["engine"]) == (200, 0, "instant")
    assert value() == 0
    assert local("GET", "/settings")[1] == settings
    listed = [each["QuotaName"] for each in quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"]]
    assert len([name for name in listed if "batch inference" not in name]) == 3


def test_an_unknown_quota_has_the_error_of_service_quotas(bedrock):
    quotas = connect(bedrock.handlers()["servicequotas"], "service-quotas")
    for code in ({"ServiceCode": "bedrock", "QuotaCode": "L-NONE"}, {"ServiceCode": "xx", "QuotaCode": "L-BE77399C"}):
        with pytest.raises(quotas.exceptions.NoSuchResourceException):
            quotas.get_service_quota(**code)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"model_units": -1}, "model_units: "), ({"modelunits": 1}, "modelunits: Extra inputs"), ([], "a JSON object")],
)
def test_a_bad_setting_changes_nothing(bedrock, local, change, message):
    before = bedrock.state.settings
    status, answer = local("PUT", "/settings", change)
    assert status == 400
    assert message in answer["message"]
    assert bedrock.state.settings == before


def test_a_secret_is_never_shown(bedrock, local):
    _, settings = local("PUT", "/settings", {"judge_api_key": "hidden-words"})
    assert "hidden-words" not in json.dumps(settings)
    local("PUT", "/settings", {"model_units": 1})
    assert bedrock.state.settings.judge_api_key.get_secret_value() == "hidden-words"


def test_a_jobs_progress_can_be_followed(bedrock, control, local, job_request, finish):
    control.create_model_customization_job(**job_request)
    finish("first-job")
    assert local("GET", "/jobs/first-job")[1]["progress"] is None
    (job,) = bedrock.state.store.jobs.all()
    row = TrainingRow(step_number=0, epoch_number=1, training_loss=2.5)
    Progress(steps=10, step=1, epochs=2, training=[row]).write(bedrock.state.store.job_folder(job.id))
    found = local("GET", "/jobs/first-job")[1]
    assert (found["status"], found["stages"]["training"]) == ("Completed", "Completed")
    assert (found["progress"]["step"], found["progress"]["training"][0]["training_loss"]) == (1, 2.5)


def test_bills_and_overview(control, local, job_request, finish, clock):
    control.create_model_customization_job(**job_request)
    model = finish("first-job").outputModelArn
    arn = control.create_provisioned_model_throughput(modelUnits=1, provisionedModelName="t", modelId=model)
    clock.advance(5)
    assert local("GET", "/billing")[1][0]["seconds"] == 3
    overview = local("GET", "")[1]
    assert (overview["throughputs"], overview["judge"]) == ([arn["provisionedModelArn"]], "similarity judge")


def test_an_unknown_job_or_endpoint_is_an_error(local):
    assert local("GET", "/nothing")[0] == 404
    assert "no job with the name or id x" in local("GET", "/jobs/x")[1]["message"]


def test_every_setting_is_in_the_documentation_with_its_default():
    page = (Path(__file__).resolve().parents[4] / "docs" / "local-bedrock.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"LOCAL_BEDROCK_{name.upper()}"
        default = field.get_default(call_default_factory=True)
        shown = "`build/networks`" if name == "networks" else "" if default in ("", None) else f"`{default}`"
        assert f"| `{variable}` | {shown} | {field.description} |" in page
