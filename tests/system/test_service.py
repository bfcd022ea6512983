"""`osteocds serve` as a hospital runs it: real processes, a real CT in a folder, hooks over HTTP."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from cds.cli import app
from cds.cli.demo_order import PATIENT_ID, SERVICE
from cds.cli.service_process import running_service
from cds.ct.patient import PatientKey
from cds.ports import NothingFound
from tests.support.sample_at_a_site import (
    BORN,
    ISSUER,
    NAME,
    an_identifier,
    an_order,
    ask,
    cards_of,
    client_of,
    site_settings,
    what_is_known,
    write_named_ct,
)
from tests.support.span_collector import Collector, a_collector

pytestmark = pytest.mark.system

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The named patient's CT, and beside it those of `write_three_charts`."""
    folder = tmp_path_factory.mktemp("archive")
    write_named_ct(folder)
    write_three_charts(folder)
    return folder


def write_three_charts(folder: Path) -> None:
    """The same images as of three patients who are alike but for their identifiers, and for the issuer of the first."""
    for image, path in enumerate(sorted(folder.glob("*.dcm")), 1):
        dataset = dcmread(path)
        for number, issuer in enumerate(("HOSPITAL B", ISSUER, ISSUER), 1):
            dataset.PatientID, dataset.IssuerOfPatientID = f"PAT-{number}", issuer
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.3.{number}", f"1.2.3.{number}.1"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}.1.{image}"
            dataset.save_as(folder / f"{number}-{path.name}")


@dataclass(frozen=True)
class Measured:
    """A service that has measured the named patient's CT for one order, which was part of `TRACE`."""

    client: httpx.Client
    data_dir: Path
    log: Path
    cards: list[dict]
    """Of the first call, which was the only one."""
    collector: Collector

    @property
    def link(self) -> str:
        """To the report."""
        return self.cards[0]["links"][0]["url"]


@pytest.fixture(scope="module")
def measured(archive, tmp_path_factory):
    """Service, worker and a collector of spans, for all tests that take nothing away from each other."""
    data_dir = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as environment, a_collector() as collector:
        environment.setenv("NO_PROXY", "127.0.0.1")
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        settings = site_settings(archive, WAIT_BUDGET_S="60")
        with running_service(data_dir, settings) as service, client_of(service) as client:
            cards = ask(client, an_order(), headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
            yield Measured(client, data_dir, service.log, cards, collector)


def test_with_patience_the_first_call_brings_the_value(measured):
    """The hook waits for the measurement that it starts: one call, one card."""
    assert [card["indicator"] for card in measured.cards] == ["info"]
    assert "osteoporosis range" in measured.cards[0]["summary"]
    assert "mg/cm3" in measured.cards[0]["summary"]


def test_value_reaches_its_own_chart_and_no_other(measured):
    """Birth date, sex, identifier and activity of the chart decide; only the right one sees the value."""
    wrong_charts = {
        "another birth date": an_order(birthDate="1938-02-12"),
        "another sex": an_order(gender="male"),
        "a wildcard": an_order(identifier=[an_identifier("LIDC*")]),
        "an empty identifier": an_order(identifier=[an_identifier("")]),
        "two identifiers": an_order(identifier=[an_identifier(PATIENT_ID), an_identifier("OTHER-1")]),
        "an old identifier": an_order(identifier=[an_identifier(PATIENT_ID, use="old")]),
        "an inactive patient": an_order(active=False),
        "a merged patient": an_order(link=[{"type": "replaced-by", "other": {"reference": "Patient/survivor"}}]),
        "a longer identifier": an_order(identifier=[an_identifier(PATIENT_ID + "0")]),
    }
    leaks = {name for name, request in wrong_charts.items() if cards_of(measured.client, request, patience_s=0.5)}
    longer = PatientKey("default", PATIENT_ID + "0", ISSUER)

    assert ask(measured.client, an_order())
    assert leaks == set()
    assert isinstance(what_is_known(measured.data_dir, longer, patience_s=30.0), NothingFound)


def test_images_of_somebody_else_are_never_measured(measured):
    """The first order comes from a chart that is not the images': looked at, refused, nothing stored."""
    charts = {
        "another issuer": an_order(identifier=[an_identifier("PAT-1")]),
        "another birth date": an_order(identifier=[an_identifier("PAT-2")], birthDate="1990-01-01"),
        "another sex": an_order(identifier=[an_identifier("PAT-3")], gender="male"),
    }
    cards = [ask(measured.client, chart) for chart in charts.values()]
    keys = [PatientKey("default", f"PAT-{number}", ISSUER) for number in (1, 2, 3)]
    known = [what_is_known(measured.data_dir, key, patience_s=30.0) for key in keys]

    assert cards == [[], [], []]
    assert all(isinstance(each, NothingFound) for each in known)


def test_report_opens_from_the_card_and_not_from_a_forgery(measured):
    """The card's link opens the report; the same link with one character changed does not."""
    link = measured.link
    page = measured.client.get(link)
    forged = measured.client.get(link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1])

    assert page.status_code == 200
    assert "L1" in page.text
    assert "cannot rule out" in page.text
    assert forged.status_code == 403
    assert PATIENT_ID not in link


def test_logs_carry_the_trace_and_no_patient(measured):
    """Every line is JSON; those of web process and worker about one order share its trace; no line names anybody."""
    measured.client.get(measured.link)
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
    token = measured.link.rsplit("/", 1)[1]
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
    settings = site_settings(tmp_path, **changes)
    environment = {f"OSTEOCDS_{name}": value for name, value in settings.items()}
    told = CliRunner().invoke(app, ["serve"], env=environment | {"OSTEOCDS_DATA_DIR": str(tmp_path / "data")})

    assert told.exit_code == 2
    assert words in told.stderr


def test_a_service_that_cannot_work_ends_as_a_process(tmp_path):
    """Status 2, and what to mend on standard error, for whoever started it."""
    settings = site_settings(tmp_path, MODE="loud", DATA_DIR=str(tmp_path / "data"))
    environment = {f"OSTEOCDS_{name}": value for name, value in settings.items()} | {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "cds.cli", "serve"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert "OSTEOCDS_MODE" in done.stderr
