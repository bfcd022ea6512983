"""STOW-RS (PS3.18 10.5): what is there already is not sent again, and what was not confirmed was not stored."""

from collections.abc import Sequence
from typing import Final

import requests
from dicomweb_client.web import DICOMwebClient
from pydicom.dataset import Dataset

from cds.dicomweb.attributes import JsonAttributes, first_text
from cds.errors import ArchiveUnavailable
from cds.ports import ResultRefused

_OUT_OF_RESOURCES: Final = range(0xA700, 0xA800)
"""Failure reasons that may pass (PS3.4 B.2.3)."""


def store_missing(client: DICOMwebClient, study_uid: str, instances: Sequence[Dataset]) -> None:
    """Store those instances of one study that the archive does not have yet.

    Raises `ArchiveUnavailable` where it did not confirm them, `ResultRefused` where it will not have them.
    """
    missing = [each for each in instances if not _is_there(client, each)]
    if not missing:
        return
    try:
        answer = client.store_instances(missing, study_uid)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise ResultRefused(f"the archive does not store the results of this study ({status})") from None
    reasons = [item.get("FailureReason", 0) for item in answer.get("FailedSOPSequence") or ()]
    if any(reason not in _OUT_OF_RESOURCES for reason in reasons):
        raise ResultRefused(f"the archive refuses a result: failure reason {reasons[0]:#06x}")
    confirmed = {item.get("ReferencedSOPInstanceUID") for item in answer.get("ReferencedSOPSequence") or ()}
    if not confirmed.issuperset(each.SOPInstanceUID for each in missing):
        raise ArchiveUnavailable("the archive did not confirm that it has stored a result")


def _is_there(client: DICOMwebClient, instance: Dataset) -> bool:
    found = client.search_for_instances(
        instance.StudyInstanceUID,
        instance.SeriesInstanceUID,
        search_filters={"SOPInstanceUID": instance.SOPInstanceUID},
        limit=1,
    )
    return any(first_text(JsonAttributes(each), "SOPInstanceUID") == instance.SOPInstanceUID for each in found)
