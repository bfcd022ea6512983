"""`osteocds serve` as a hospital runs it: real processes, a real CT, hooks over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from cds.cli import app
from cds.cli.demo import sample_settings
from cds.cli.demo_order import PATIENT_ID, SERVICE, order_sign_request
from cds.cli.service_process import running_service
from cds.ct.patient import PatientKey
from cds.ports import NothingFound, StoredResult
from cds.settings import Settings
from cds.wiring.records import open_store
from tests.support.orthanc import running_orthanc
from tests.support.real_ct import the_sample
from tests.support.span_collector import Collector, a_collector

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


def cards_of(client: httpx.Client, request, *, patience_s: float = 60.0, every_s: float = 0.2, headers=None):
    """Ask until there is a card or the patience is over."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = client.post(f"/cds-services/{SERVICE}", json=request, headers=headers).raise_for_status()
        cards = answer.json()["cards"]
        if cards or time.monotonic() > deadline:
            return cards
        time.sleep(every_s)


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


@dataclass(frozen=True)
class Measured:
    """A service that has measured the sample for one order, which was part of `TRACE`."""

    client: httpx.Client
    data_dir: Path
    log: Path
    card: dict
    collector: Collector


@pytest.fixture(scope="module")
def measured(named_ct, tmp_path_factory):
    """Service, worker and a collector of spans, for all tests that take nothing away from each other."""
    data_dir = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as environment, a_collector() as collector:
        environment.setenv("NO_PROXY", "127.0.0.1")
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with running_service(data_dir, settings_for(named_ct)) as service, client_of(service) as client:
            card = cards_of(client, order(), headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})[0]
            yield Measured(client, data_dir, service.log, card, collector)


def test_value_reaches_its_own_chart_and_no_other(measured):
    """Birth date, sex, identifier and activity of the chart decide; only the right one sees the value."""
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
    leaks = {name for name, request in wrong_charts.items() if cards_of(measured.client, request, patience_s=0.5)}
    longer = PatientKey("default", PATIENT_ID + "0", "HOSPITAL A")

    assert "osteoporosis range" in measured.card["summary"]
    assert leaks == set()
    assert isinstance(what_is_known(measured.data_dir, longer, patience_s=30.0), NothingFound)


@pytest.fixture(scope="module")
def three_charts(named_ct, tmp_path_factory) -> Path:
    """The images of three patients who are alike but for their identifiers, and for the issuer of the first."""
    folder = tmp_path_factory.mktemp("three")
    for number, issuer in enumerate(("HOSPITAL B", "HOSPITAL A", "HOSPITAL A"), 1):
        for image, path in enumerate(named_ct.glob("*.dcm"), 1):
            dataset = dcmread(path)
            dataset.PatientID, dataset.IssuerOfPatientID = f"PAT-{number}", issuer
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.3.{number}", f"1.2.3.{number}.1"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}.1.{image}"
            dataset.save_as(folder / f"{number}-{path.name}")
    return folder


def test_images_of_somebody_else_are_never_measured(three_charts, tmp_path):
    """The first order comes from a chart that is not the images': looked at, refused, nothing stored."""
    charts = {
        "another issuer": order(identifier=[_identifier("PAT-1")]),
        "another birth date": order(identifier=[_identifier("PAT-2")], birthDate="1990-01-01"),
        "another sex": order(identifier=[_identifier("PAT-3")], gender="male"),
    }
    with running_service(tmp_path, settings_for(three_charts)) as service, client_of(service) as client:
        cards = [cards_of(client, chart, patience_s=0.0) for chart in charts.values()]
        keys = [PatientKey("default", f"PAT-{number}", "HOSPITAL A") for number in (1, 2, 3)]
        known = [what_is_known(tmp_path, key, patience_s=30.0) for key in keys]

    assert cards == [[], [], []]
    assert all(isinstance(each, NothingFound) for each in known)


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


def test_report_opens_from_the_card_and_not_from_a_forgery(measured):
    """The card's link opens the report; the same link with one character changed does not."""
    link = measured.card["links"][0]["url"]
    page = measured.client.get(link)
    forged = measured.client.get(link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1])

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
        later = cards_of(client, order(), patience_s=100.0, every_s=2.0)

    assert at_first == []
    assert "imaging archive cannot be reached" in later[0]["summary"]


def test_logs_carry_the_trace_and_no_patient(measured):
    """Every line is JSON; those of web process and worker about one order share its trace; no line names anybody."""
    measured.client.get(measured.card["links"][0]["url"])
    measured.client.post(f"/cds-services/{SERVICE}", content=b'{"hook": "order-sign", "x": "LIDC-IDRI-0001"')
    written = measured.log.read_text()

    lines = [json.loads(line) for line in written.splitlines()]
    traced = {line.get("step", line["event"]) for line in lines if line.get("trace_id") == TRACE}
    assert {"hook answered", "choose", "measure", "publish"} <= traced
    assert not [secret for secret in secrets_of(measured) if secret in written]


def test_spans_of_web_process_and_worker_are_one_trace_without_a_patient(measured):
    """Hook, wait and each step of the screening, at a real collector; no span names anybody."""
    hook = "POST /cds-services/{service_id}"
    steps = {"choose", "measure", "retrieve", "segment", "calibrate", "publish"}
    wanted = {hook, "wait", "screening", *steps}
    spans = spans_within(measured.collector, wanted, patience_s=10.0)

    assert wanted <= set(spans)
    assert spans["retrieve"].parent_span_id == spans["measure"].span_id
    assert [measured.collector.spans()[name][1]["osteocds.process"] for name in (hook, "screening")] == [
        "web",
        "worker",
    ]
    assert not [secret for secret in secrets_of(measured) if secret in measured.collector.text()]


def spans_within(collector, wanted, *, patience_s: float):
    """The spans of the trace by name, as soon as all are there."""
    deadline = time.monotonic() + patience_s
    while True:
        spans = {each.name: each for each in collector.of_trace(TRACE)}
        if wanted <= set(spans) or time.monotonic() > deadline:
            return spans
        time.sleep(0.1)


def secrets_of(measured):
    """What must not be written anywhere."""
    token = measured.card["links"][0]["url"].rsplit("/", 1)[1]
    return *NAME.split("^"), PATIENT_ID, BORN, BORN.replace("-", ""), token


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
    environment = {f"OSTEOCDS_{name}": value for name, value in settings.items()}
    told = CliRunner().invoke(app, ["serve"], env=environment | {"OSTEOCDS_DATA_DIR": str(tmp_path / "data")})

    assert told.exit_code == 2
    assert words in told.stderr


def test_a_service_that_cannot_work_ends_as_a_process(tmp_path):
    """Status 2, and what to mend on standard error, for whoever started it."""
    settings = settings_for(tmp_path, MODE="loud", DATA_DIR=str(tmp_path / "data"))
    environment = {f"OSTEOCDS_{name}": value for name, value in settings.items()} | {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "cds.cli", "serve"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert "OSTEOCDS_MODE" in done.stderr


def _identifier(value: str, **facts: str):
    usual = order_sign_request()["prefetch"]["patient"]["identifier"][0]
    return usual | {"value": value} | facts


def _kill_family(pid: int) -> None:
    """SIGKILL for a process and its children, children first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in (*map(int, children), pid):
        os.kill(child, signal.SIGKILL)
