"""Tissue HU by scanner and day of the scan: sums alone, nothing of a patient."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds.bone.assessment import Acquisition
from cds.drift import Drift, ScannerTissue, TissueDay, drift_of
from cds.ports import MetricSample, StoredResult
from cds.storage.tables import tissue_days

_LONGEST = 255
_KEYS = ("scanner", "kvp", "tissue", "day")
_SUMS = ("readings", "sum_hu", "sum_hu2")


class SqlTissueDays:
    """A `ResultRecipient` that adds up, and a `MetricSource` of what follows from it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def published(self, result: StoredResult) -> None:
        """Add the readings of one CT. Told twice of one, it counts twice, which does not matter in a sum of hundreds.

        The result is stored by now; that a sum could not be added must not make it fail.
        """
        calibration, taken = result.assessment.calibration, result.assessment.acquisition
        if calibration is None or taken.study_date is None or taken.kvp is None or not calibration.tissues:
            return
        rows = [
            {
                "scanner": scanner_of(taken),
                "kvp": taken.kvp,
                "tissue": each.tissue,
                "day": taken.study_date,
                "readings": 1,
                "sum_hu": each.hu,
                "sum_hu2": each.hu * each.hu,
            }
            for each in calibration.tissues
        ]
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        once = dialect.insert(tissue_days)
        sums = {name: tissue_days.c[name] + once.excluded[name] for name in _SUMS}
        try:
            with self._engine.begin() as connection:
                connection.execute(once.on_conflict_do_update(index_elements=list(_KEYS), set_=sums), rows)
        except SQLAlchemyError as error:
            structlog.get_logger().warning("tissues not added", kind=type(error).__name__)

    def drifts(self) -> Sequence[Drift]:
        """Of every scanner, voltage and tissue that has enough readings."""
        query = select(tissue_days).order_by(*(tissue_days.c[name] for name in _KEYS))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        found = []
        for watched, days in groupby(rows, key=lambda row: ScannerTissue(row.scanner, row.kvp, row.tissue)):
            drift = drift_of(watched, [TissueDay(row.day, row.readings, row.sum_hu, row.sum_hu2) for row in days])
            found += [] if drift is None else [drift]
        return found

    def samples(self) -> Mapping[MetricSample, float]:
        """Shift and alert of each."""
        told: dict[MetricSample, float] = {}
        for each in self.drifts():
            of = (("scanner", each.of.scanner), ("kvp", f"{each.of.kvp:g}"), ("tissue", each.of.tissue))
            told[MetricSample("osteocds_tissue_shift_hu", of)] = each.shift_hu
            told[MetricSample("osteocds_tissue_drift_alert", of)] = float(each.alert)
        return told


def scanner_of(taken: Acquisition) -> str:
    """As far as the images tell it."""
    parts = (taken.manufacturer, taken.model, taken.station_name, taken.device_serial_number)
    return " | ".join(part or "?" for part in parts)[:_LONGEST]
