"""A real service with a real worker that has measured simulated CT, and links to the pages.

`osteocds simulate` writes DICOM, which comes into the archive one study after the other, as it does in a hospital;
an order is queued, the worker retrieves, outlines, measures, draws and publishes.
"""

import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydicom import dcmread

from cds.cli.demo_order import IDENTIFIER_SYSTEM
from cds.cli.service_process import running_service
from cds.ct.patient import PatientIdentity, PatientKey
from cds.durable.queue import DbosScreeningQueue
from cds.order import ImagingOrder
from cds.ports import StoredResult
from cds.settings import Settings
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records, open_store
from cds.wiring.sweeping import generation_name
from tests.support.coefficient_files import document, on_disk
from tests.support.commands import in_process
from tests.support.report_site import Site

PIXEL_MM = "2"
"""Coarse: the networks read 3 mm, and a test has no minutes to spare."""
FIRST_DAY = date(2019, 5, 14)
POPULATION = "mesa-chinese-american"
_MEASURED_WITHIN_S = 90.0
_USUAL = ("--study-date", FIRST_DAY.isoformat(), "--pixel-mm", PIXEL_MM, "--kvp", "120", "--last-level", "L3")
_PATIENT = {"losing_bone": "19", "contrast": "38", "fracture": "20", "cut_off": "31"}
"""Seeds, by the beginning of a visit's name."""
VISITS: Mapping[str, Sequence[str]] = {
    "losing_bone_2019": ("--vbmd", "128"),
    "losing_bone_2022": ("--vbmd", "121", "--years-later", "3"),
    "losing_bone_2025": ("--vbmd", "85", "--years-later", "6", "--other-scanner"),
    "contrast": ("--vbmd", "85", "--contrast", "venous"),
    "fracture": ("--vbmd", "72", "--crushed", "L1=0.45"),
    "cut_off": ("--last-level", "T4"),
}
"""By name what is asked of `osteocds simulate`; later options replace the usual ones. Visits of a patient in order."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """One CT: its files, who it is of, and what is true of it."""

    series: Path
    patient: PatientIdentity
    series_uid: str
    truth: Mapping[str, Any]


class SimulatedSite:
    """The service at work."""

    def __init__(self, folder: Path, base_url: str, calibrations: Path) -> None:
        self.archive = folder / "archive"
        self.settings = Settings(
            data_dir=folder, public_url=base_url, calibration_dir=calibrations, population=POPULATION
        )
        self.pages = Site(folder, base_url)
        self.visits: dict[str, Simulated] = {}

    def measure(self, name: str, visit: Simulated) -> None:
        """The study arrives; it is ordered, again and again as in a hospital, until its result is there."""
        visit.series.rename(self.archive / name)
        self.visits[name] = visit
        queue = DbosScreeningQueue(self.settings.durable_database_url, generation_name(self.settings), SystemClock())
        deadline = time.monotonic() + _MEASURED_WITHIN_S
        try:
            while (found := self._result_of(visit)) is None:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} was not measured within {_MEASURED_WITHIN_S:.0f} s")
                queue.submit(ImagingOrder(visit.patient, datetime.now(UTC), "order-sign"))
                time.sleep(0.3)
        finally:
            queue.close()
        self.pages.results[name] = found

    def purge_pictures(self) -> None:
        """As when all have become too old."""
        with open_records(self.settings) as engine:
            SqlPictures(engine, SystemClock()).purge_before(datetime.now(UTC))

    def _result_of(self, visit: Simulated) -> StoredResult | None:
        with open_store(self.settings) as store:
            found = store.latest(visit.patient.key)
        known = isinstance(found, StoredResult) and found.assessment.acquisition.series_uid == visit.series_uid
        return found if known else None


@contextmanager
def a_simulated_site(folder: Path) -> Iterator[SimulatedSite]:
    """Everything was measured when it is handed over; stopped at the end."""
    (folder / "archive").mkdir()
    calibrations = on_disk(folder / "calibrations", **_BOTH_SCANNERS)
    settings = {
        "IDENTIFIER_SYSTEM": IDENTIFIER_SYSTEM,
        "ARCHIVE_FOLDER": str(folder / "archive"),
        "ARCHIVE_SINGLE_ISSUER": "true",
        "CALIBRATION_DIR": str(calibrations),
        "POPULATION": POPULATION,
        "MAX_SCAN_AGE_DAYS": "none",
        "CLIENT_AUTH": "off",
        "WAIT_BUDGET_S": "10",
        "WORKERS": "1",
        "WORKER_NICENESS": "0",  # beside other tests
    }
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as making:  # beside the service, not before it
        made = {name: making.submit(_simulate, folder / "made" / name, name, VISITS[name]) for name in VISITS}
        with running_service(folder, settings) as service:
            site = SimulatedSite(folder, service.base_url, calibrations)
            for name, visit in made.items():
                site.measure(name, visit.result())
            yield site


_BOTH_SCANNERS = {
    name.lower(): document(
        {
            "schema_version": 1,
            "kind": "filtration",
            "scanner": {"manufacturer": "osteocds (simulated)", "model": "digital patient", "station": name},
            "filtration": "standard",
            "source": "the simulator",
        }
    )
    for name in ("SIM-EXACT", "SIM-EXACT-2")
}


def _simulate(out: Path, name: str, wishes: Sequence[str]) -> Simulated:
    seed = next(number for patient, number in _PATIENT.items() if name.startswith(patient))
    done = in_process("simulate", "--out", out, "--seed", seed, *_USUAL, *wishes)
    series = Path(done.stdout.splitlines()[-1])
    image = dcmread(min(series.iterdir()), stop_before_pixels=True)
    born = datetime.strptime(image.PatientBirthDate, "%Y%m%d").replace(tzinfo=UTC).date()
    sex = {"F": "female", "M": "male"}[image.PatientSex]
    return Simulated(
        series,
        PatientIdentity(PatientKey("default", image.PatientID), born, sex),
        image.SeriesInstanceUID,
        json.loads((series.parent / "truth.json").read_text(encoding="utf-8")),
    )
