"""`osteocds serve` as a hospital runs it: real processes, a real CT, hooks over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from cds.cli.demo import sample_settings
from cds.cli.demo_order import PATIENT_ID, SERVICE, order_sign_request
from cds.cli.service_process import running_service
from cds.ct.patient import PatientKey
from cds.ports import NothingFound, StoredResult
from cds.settings import Settings
from cds.wiring.records import open_store
from tests.support.orthanc import running_orthanc
from tests.support.real_ct import the_sample
from tests.support.span_collector import a_collector

pytestmark = pytest.mark.system

BORN = "1938-02-11"
NAME = "Quasimodo^Esmeralda"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def named_ct(tmp_path_factory) -> Path:
    """The sample CT, its images carrying an issuer, a birth date and a sex."""
    folder = tmp_path_factory.mktemp("named")
    for path in the_sample().glob("*.dcm"):
        dataset = dcmread(path)
        dataset.IssuerOfPatientID = "HOSPITAL A"
        dataset.PatientBirthDate = BORN.replace("-", "")
        dataset.PatientSex = "F"
        dataset.PatientName = NAME
        dataset.save_as(folder / path.name)
    return folder


def settings_for(folder: Path, **changes: str):
    """A site whose archive names issuers and verifies identity."""
    site = sample_settings(folder) | {"ALLOW_UNVERIFIED_IDENTITY": "false", "ARCHIVE_ISSUER": "HOSPITAL A"}
    del site["ARCHIVE_SINGLE_ISSUER"]
    return site | changes


def order(**patient: object):
    """The demonstration's order by a clinician who has not seen its card yet, with another chart."""
    request = order_sign_request(f"clinician-{uuid.uuid4()}")
    request["prefetch"]["patient"] |= {"birthDate": BORN, "gender": "female"} | patient
    return request


def cards_of(client: httpx.Client, request, *, patience_s: float = 60.0):
    """Ask until there is a card or the patience is over."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = client.post(f"/cds-services/{SERVICE}", json=request).raise_for_status()
        cards = answer.json()["cards"]
        if cards or time.monotonic() > deadline:
            return cards
        time.sleep(0.2)


def what_is_known(data_dir: Path, key: PatientKey, *, patience_s: float):
    """What the store knows of a patient, as soon as it knows anything."""
    deadline = time.monotonic() + patience_s
    with open_store(Settings(data_dir=data_dir)) as store:
        while True:
            known = store.latest(key)
            if known is not None or time.monotonic() > deadline:
                return known
            time.sleep(0.2)


def client_of(service) -> httpx.Client:
    """A client that ignores proxies."""
    return httpx.Client(base_url=service.base_url, timeout=60.0, trust_env=False)


def test_value_reaches_its_own_chart_and_no_other(named_ct, tmp_path):
    """Birth date, sex, identifier and activity of the chart decide; only the right one sees the value."""
    with running_service(tmp_path, settings_for(named_ct)) as service, client_of(service) as client:
        right = cards_of(client, order())
        assert "osteoporosis range" in right[0]["summary"]
        wrong_charts = {
            "another birth date": order(birthDate="1938-02-12"),
            "another sex": order(gender="male"),
            "a wildcard": order(identifier=[_identifier("LIDC*")]),
            "an empty identifier": order(identifier=[_identifier("")]),
            "two identifiers": order(identifier=[_identifier(PATIENT_ID), _identifier("OTHER-1")]),
            "an old identifier": order(identifier=[_identifier(PATIENT_ID, use="old")]),
            "an inactive patient": order(active=False),
            "a merged patient": order(link=[{"type": "replaced-by", "other": {"reference": "Patient/survivor"}}]),
            "a longer identifier": order(identifier=[_identifier(PATIENT_ID + "0")]),
        }
        leaks = {name for name, request in wrong_charts.items() if cards_of(client, request, patience_s=0.5)}
        looked = what_is_known(tmp_path, PatientKey("default", PATIENT_ID + "0", "HOSPITAL A"), patience_s=30.0)

    assert leaks == set()
    assert isinstance(looked, NothingFound)


@pytest.mark.parametrize(
    ("site", "chart"),
    [
        ({"ARCHIVE_ISSUER": "HOSPITAL B"}, {}),
        ({}, {"birthDate": "1990-01-01"}),
        ({}, {"gender": "male"}),
    ],
    ids=["another issuer", "another birth date", "another sex"],
)
def test_images_of_somebody_else_are_never_measured(named_ct, tmp_path, site, chart):
    """The first order comes from a chart that is not the images': looked at, refused, nothing stored."""
    settings = settings_for(named_ct, **site)
    key = PatientKey("default", PATIENT_ID, settings["ARCHIVE_ISSUER"])
    with running_service(tmp_path, settings) as service, client_of(service) as client:
        cards = cards_of(client, order(**chart), patience_s=0.0)
        known = what_is_known(tmp_path, key, patience_s=30.0)

    assert cards == []
    assert isinstance(known, NothingFound)


def test_card_from_a_real_dicomweb_archive(named_ct, tmp_path):
    """The same card when the CT lies in a PACS: found, retrieved and decoded over DICOMweb."""
    (tmp_path / "orthanc").mkdir()
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        orthanc.store(named_ct)
        settings = settings_for(named_ct, ARCHIVE_URL=orthanc.dicomweb)
        del settings["ARCHIVE_FOLDER"]
        with running_service(tmp_path, settings) as service, client_of(service) as client:
            card = cards_of(client, order())[0]

    assert "osteoporosis range" in card["summary"]


def test_report_opens_from_the_card_and_not_from_a_forgery(named_ct, tmp_path):
    """The card's link opens the report; the same link with one character changed does not."""
    with running_service(tmp_path, settings_for(named_ct)) as service, client_of(service) as client:
        card = cards_of(client, order())[0]
        link = card["links"][0]["url"]
        page = client.get(link)
        forged = client.get(link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1])

    assert page.status_code == 200
    assert "L1" in page.text
    assert "cannot rule out" in page.text
    assert forged.status_code == 403
    assert PATIENT_ID not in link


def test_order_survives_the_death_of_everything(named_ct, tmp_path):
    """Service and worker killed in the middle: after a restart the result comes without another order."""
    settings = settings_for(named_ct, WAIT_BUDGET_S="0")
    key = PatientKey("default", PATIENT_ID, "HOSPITAL A")
    with running_service(tmp_path, settings) as service, client_of(service) as client:
        client.post(f"/cds-services/{SERVICE}", json=order()).raise_for_status()
        time.sleep(0.7)
        _kill_family(service.process.pid)
    assert what_is_known(tmp_path, key, patience_s=0.0) is None

    with running_service(tmp_path, settings):
        known = what_is_known(tmp_path, key, patience_s=60.0)

    assert isinstance(known, StoredResult)


def test_archive_that_is_away_is_said_after_a_minute(tmp_path):
    """An archive that is not there: first the order waits, after a minute a card says what is missing."""
    archive = tmp_path / "archive"
    archive.mkdir()
    settings = settings_for(archive, WAIT_BUDGET_S="0")
    with running_service(tmp_path, settings) as service, client_of(service) as client:
        archive.rmdir()
        at_first = cards_of(client, order(), patience_s=1.0)
        later = cards_of(client, order(), patience_s=100.0)

    assert at_first == []
    assert "imaging archive cannot be reached" in later[0]["summary"]


def test_logs_and_spans_carry_the_trace_and_no_patient(named_ct, tmp_path, monkeypatch):
    """Lines of the log and spans about one order, of web process and worker, share its trace; none names anybody."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        _logs_and_spans_of_an_order(named_ct, tmp_path, collector)


def _logs_and_spans_of_an_order(named_ct, tmp_path, collector):
    with running_service(tmp_path, settings_for(named_ct)) as service, client_of(service) as client:
        client.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-01"
        card = cards_of(client, order())[0]
        client.get(card["links"][0]["url"])
        client.post(f"/cds-services/{SERVICE}", content=b'{"hook": "order-sign", "x": "LIDC-IDRI-0001"')
        log = service.log
    written = log.read_text()

    lines = [json.loads(line) for line in written.splitlines()]  # each of them is JSON
    traced = {line.get("step", line["event"]) for line in lines if line.get("trace_id") == TRACE}
    assert {"hook answered", "choose", "measure", "publish"} <= traced
    spans = {each.name: each for each in collector.of_trace(TRACE)}
    hook = "POST /cds-services/{service_id}"
    steps = {"choose", "measure", "retrieve", "segment", "calibrate", "publish"}
    assert {hook, "wait", "screening", *steps} <= set(spans)
    assert [collector.spans()[name][1]["osteocds.process"] for name in (hook, "screening")] == ["web", "worker"]
    assert spans["retrieve"].parent_span_id == spans["measure"].span_id
    for secret in (
        *NAME.split("^"),
        PATIENT_ID,
        BORN,
        BORN.replace("-", ""),
        card["links"][0]["url"].rsplit("/", 1)[1],
    ):
        assert secret not in written
        assert secret not in collector.text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"HOST": "0.0.0.0"}, "OSTEOCDS_HOST"),  # noqa: S104 - the point
        ({"ARCHIVE_FOLDER": "/nowhere/at/all"}, "OSTEOCDS_ARCHIVE_FOLDER"),
        ({"IDENTIFIER_SYSTEM": ""}, "OSTEOCDS_IDENTIFIER_SYSTEM"),
        ({"MODE": "loud"}, "OSTEOCDS_MODE"),
        ({"ARCHIVE_URL": "http://127.0.0.1:1/dicom-web"}, "OSTEOCDS_ARCHIVE_URL"),
    ],
)
def test_wrong_setting_is_named_at_start(tmp_path, changes, words):
    """A service that cannot work does not start: status 2 and the setting's name."""
    settings = settings_for(tmp_path) | changes
    environment = {f"OSTEOCDS_{name}": value for name, value in settings.items()} | {
        "OSTEOCDS_DATA_DIR": str(tmp_path / "data"),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "cds.cli", "serve"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert words in done.stderr


def _identifier(value: str, **facts: str):
    usual = order_sign_request()["prefetch"]["patient"]["identifier"][0]
    return usual | {"value": value} | facts


def _kill_family(pid: int) -> None:
    """SIGKILL for a process and its children, children first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in (*map(int, children), pid):
        os.kill(child, signal.SIGKILL)
