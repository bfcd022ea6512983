"""Which results a recall means, and what it withdraws for the time to come.

A version or coefficient file that is withdrawn stays so, by its name: whatever measures with it publishes nothing, a
worker that was not told to stop neither. A mended file gets another name.
"""

from dataclasses import dataclass

from cds.errors import VersionWithdrawn
from cds.ports import AuditLog, Clock, Recalls, StoredResult
from cds.retraction import Recall, RetractionKind, StandingRecall


@dataclass(frozen=True, slots=True)
class Recalling:
    """Whoever withdraws a version comes through here, before its results are taken back (`cds.retracting`)."""

    recalls: Recalls
    audit: AuditLog
    clock: Clock

    def withdraw(self, recall: Recall, kind: RetractionKind, reason: str, by: str) -> bool:
        """Nothing more is published with it; False if it was withdrawn before, or only results are meant."""
        if not recall.stands or not self.recalls.keep(StandingRecall(recall, kind, reason, by, self.clock.now())):
            return False
        self.audit.record("version-withdrawn", None, kind, _named(recall), caller=by)
        return True

    def lift(self, recall: Recall, by: str) -> bool:
        """It may be used again; False if it was not withdrawn. Results that were taken back stay so."""
        if not self.recalls.lift(recall):
            return False
        self.audit.record("version-withdrawn", None, "lifted", _named(recall), caller=by)
        return True


def refuse_withdrawn(recalls: Recalls, generation: str, result: StoredResult | None = None) -> None:
    """Raise `VersionWithdrawn` for a generation of which all is withdrawn, or for a result that a recall means."""
    for standing in recalls.standing():
        if standing.concerns(generation) or (result is not None and matches(standing.recall, result)[0]):
            raise VersionWithdrawn(f"{standing.told}; install another, or see osteocds retract --lift")


def _named(recall: Recall) -> str:
    return ", ".join(name for name in (recall.model_version, recall.calibration_file) if name is not None)


def matches(recall: Recall, result: StoredResult) -> tuple[bool, str]:
    """Whether the result is meant, and what to look at twice.

    A scanner whose station is not on record, or a scan without a date, may be meant: it is, and said so.
    """
    acquisition, calibration = result.assessment.acquisition, result.assessment.calibration
    exact = (
        (recall.result_id, result.result_id),
        (recall.study_uid, acquisition.study_uid),
        (_folded(recall.manufacturer), _folded(acquisition.manufacturer)),
        (_folded(recall.model), _folded(acquisition.model)),
    )
    if any(asked is not None and asked != found for asked, found in exact):
        return False, ""
    if recall.model_version is not None and recall.model_version not in result.generation:
        return False, ""
    if recall.calibration_file is not None and not uses_file(
        "" if calibration is None else calibration.source, recall.calibration_file
    ):
        return False, ""
    remarks = []
    if recall.station is not None:
        stations = {_folded(acquisition.station_name), _folded(acquisition.device_serial_number)} - {None}
        if stations and _folded(recall.station) not in stations:
            return False, ""
        remarks += [] if stations else ["which station it was is not on record"]
    day = acquisition.study_date
    if day is None:
        remarks += ["the day of the scan is not known"] if recall.scanned_from or recall.scanned_until else []
    elif not (recall.scanned_from or day) <= day <= (recall.scanned_until or day):
        return False, ""
    return True, "; ".join(remarks)


def uses_file(source: str, name: str) -> bool:
    """Whether a calibration names this coefficient file: "... (scanner.json, 1a2b3c4d5e6f)"."""
    return f"({name}, " in source


def _folded(text: str | None) -> str | None:
    """As DICOM attributes are compared here: without padding, upper and lower case alike."""
    return " ".join(text.split()).casefold() or None if text is not None else None
