"""What every object of a result says of its maker and its moment."""

from datetime import datetime
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.valuerep import DA, DT, TM

from cds.bone.assessment import Software
from cds.dicomweb.results import codes

MAKER: Final = "osteocds"
INVESTIGATIONAL: Final = "investigational"


def authorship(software: Software, at: datetime) -> dict[str, Any]:
    """Keywords of highdicom's objects: equipment (PS3.3 C.7.5.2), content date and time, our coding scheme."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": MAKER,
        "software_versions": software.version,
        "device_serial_number": software.weights_sha256,
        "content_date": DA(at.date()),
        "content_time": TM(at.time()),
        "coding_schemes": codes.CODING_SCHEMES,
    }


def dated(written: Dataset, at: datetime, header: Dataset) -> Dataset:
    """The object with the moment of its result, not of its writing: so a repeat is the same, byte for byte."""
    written.InstanceCreationDate, written.InstanceCreationTime = DA(at.date()), TM(at.time())
    written.SeriesDate, written.SeriesTime = DA(at.date()), TM(at.time())
    for equipment in written.get("ContributingEquipmentSequence") or ():
        if "ContributionDateTime" in equipment:  # highdicom names itself, and when it was run
            equipment.ContributionDateTime = DT(at)
    if "TimezoneOffsetFromUTC" in header:
        written.TimezoneOffsetFromUTC = header.TimezoneOffsetFromUTC
    return written
