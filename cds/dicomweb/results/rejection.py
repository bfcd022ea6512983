"""The rejection note: a Key Object Selection (IHE Imaging Object Change Management, RAD TF-2 4.66).

Archives and viewers that know the profile stop showing what it lists. Which title: a wrong patient,
a wrong level and a recalled version may harm: `patient-safety`. A result that is only not good
enough, such as one that a newer model replaced, is `quality`; one kept long enough is `retention`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import DeviceObserverIdentifyingAttributes, ObserverContext
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard

from cds.bone.assessment import Software
from cds.dicomweb.results import codes
from cds.dicomweb.results.authorship import MAKER, authorship, dated
from cds.dicomweb.results.uids import ResultUids, device_uid
from cds.ports import Rejection

SERIES_NUMBER: Final = 9103


def rejection_note(
    result_id: str, why: Rejection, rejected: Sequence[Dataset], software: Software, at: datetime
) -> Dataset:
    """The note that rejects these objects of one study, of which headers suffice; at least one.

    `at` on the clock of the images.
    """
    uids = ResultUids(result_id)
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(software.version, software.model, software.weights_sha256),
        name=f"{MAKER} {software.version}",
        manufacturer_name=MAKER,
        model_name=software.model,
    )
    content = KeyObjectSelection(
        document_title=codes.REJECTED[why],
        referenced_objects=rejected,
        observer_device_context=ObserverContext(standard.DCM.Device, device),
        description=f"{MAKER} took this result back.",
    )
    written = KeyObjectSelectionDocument(
        evidence=rejected,
        content=content,
        series_instance_uid=uids.rejection_series(why),
        series_number=SERIES_NUMBER,
        sop_instance_uid=uids.rejection(why),
        instance_number=1,
        series_description="Result taken back",
        **authorship(software, at),
    )
    return dated(written, at, rejected[0])
