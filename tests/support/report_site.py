"""A real service, without workers, that has the results and pictures of the simulated patients."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.measured_ct import MeasuredCt
from cds.cli.demo_order import IDENTIFIER_SYSTEM, PATIENT_ID
from cds.cli.service_process import running_service
from cds.ct.patient import PatientKey
from cds.pictures.illustrator import SpineIllustrator
from cds.security.links import SignedReportLinks
from cds.security.secret import link_secret
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records
from tests.bone.phantom import Trunk, level_z_mm
from tests.support import report_cases
from tests.support.alive import wait_until_alive

CASES = (
    "six_years",
    "with_contrast",
    "with_fracture",
    "fracture_without_a_value",
    "not_assessable",
    "without_pictures",
)
LEVELS = (VertebralLevel.L1, VertebralLevel.L2)


def pictures(used=LEVELS):
    """Of a phantom, drawn as workers do."""
    volume, spine = (trunk := Trunk(noise_hu=25.0)).volume(), trunk.spine()
    index = np.indices(volume.hu.shape).reshape(3, -1).T
    rois = {}
    for level in LEVELS:
        centre = volume.lps_to_index @ np.array([0.0, 0.0, level_z_mm(level), 1.0])
        rois[level] = index[(np.abs(index - centre[:3]) * volume.spacing_mm <= 8).all(axis=1)].astype(np.int32)
    return SpineIllustrator().draw(MeasuredCt(volume, spine, rois), used)


class Site:
    """A running service with results of the simulated patients, and links to them."""

    def __init__(self, data_dir, base_url):
        self.settings = Settings(data_dir=data_dir, public_url=base_url, link_lifetime_h=1)
        self.base_url = base_url
        self.results = {}

    def fill(self):
        """Every case under a patient of its own; the six years under the patient of the order."""
        drawn = {used: pictures(used) for used in (LEVELS, ())}
        with open_records(self.settings) as engine:
            store, kept = SqlAssessmentStore(engine, SystemClock()), SqlPictures(engine, SystemClock())
            for name in CASES:
                key = PatientKey("default", PATIENT_ID if name == "six_years" else name)
                build = report_cases.with_contrast if name == "without_pictures" else getattr(report_cases, name)
                for each in build():
                    self._keep(store, name, each, key)
                    if name not in {"not_assessable", "without_pictures"}:
                        kept.put(self.results[name].result_id, drawn[LEVELS if each.assessment.levels_used else ()])

    def _keep(self, store, name, result, key):
        now = datetime.now(UTC)
        mine = replace(
            result,
            result_id=str(uuid.uuid4()),
            patient=replace(result.patient, key=key),
            measured_at=now,
            confirmed_at=now,
            generation="of-the-test",
        )
        store.keep(mine, b'{"resourceType":"Bundle","type":"transaction","entry":[]}')
        self.results[name] = mine

    def link(self, name, *, age=timedelta(0)):
        """As the service signs it, some time ago."""
        with open_records(self.settings) as engine:
            store = SqlAssessmentStore(engine, SystemClock())
            links = SignedReportLinks(link_secret(self.settings), self.base_url, timedelta(hours=1), store)
            return links.url_for(self.results[name], datetime.now(UTC) - age)

    def withdraw(self, name):
        """As when the study has gone."""
        with open_records(self.settings) as engine:
            SqlAssessmentStore(engine, SystemClock()).withdraw(self.results[name].result_id, "the study has gone")


@contextmanager
def a_report_site(folder: Path, **changes: str) -> Iterator[Site]:
    """Started, filled, and stopped at the end."""
    archive = folder / "archive"
    archive.mkdir()
    settings = {
        "IDENTIFIER_SYSTEM": IDENTIFIER_SYSTEM,
        "ARCHIVE_FOLDER": str(archive),
        "ARCHIVE_SINGLE_ISSUER": "true",
        "CLIENT_AUTH": "off",
        "WORKERS": "0",
    }
    with running_service(folder, settings | changes, wait_ready=False) as service:
        wait_until_alive(service)
        site = Site(folder, service.base_url)
        site.fill()
        yield site
