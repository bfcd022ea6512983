"""QIDO-RS: which CT series an archive has of a patient (PS3.18 10.6), and what they are like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from dicomweb_client.web import DICOMwebClient

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, PatientKey, carries
from cds.dicomweb.attributes import Attributes, JsonAttributes, first_text, whole
from cds.dicomweb.dataset import patient_of, series_of

_PERSON_FIELDS: Final = ("PatientBirthDate", "PatientSex")
_PATIENT_FIELDS: Final = ("PatientID", "IssuerOfPatientID", *_PERSON_FIELDS)
_STUDY_FIELDS: Final = (*_PATIENT_FIELDS, "StudyDescription")
_SERIES_FIELDS: Final = ("SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances")
_IMAGE_FIELDS: Final = (
    *_PATIENT_FIELDS,
    *("PatientAge", "StudyDate", "SeriesDate", "AcquisitionDate", "SOPClassUID", "ImageType", "ProtocolName"),
    *("Manufacturer", "ManufacturerModelName", "StationName", "KVP", "ConvolutionKernel", "SliceThickness"),
    *("PixelSpacing", "Rows", "Columns", "GantryDetectorTilt", "FilterType", "FilterMaterial"),
    *("MultienergyCTAcquisition", "ContrastBolusAgent", "RescaleType", "LossyImageCompression"),
    *("StudyDescription", "SeriesDescription"),
    *("BodyPartExamined", "SeriesNumber", "Modality"),
)
"""Asked for by name: `includefield=all` leaves some of them out on common servers."""
_TELLING: Final = ("KVP", "ImageType", "SliceThickness")
"""Where an answer lacks one of these, or birth date and sex that the study does not tell, the image's
own metadata is read."""

Json = Mapping[str, Any]
_Search = Callable[..., Sequence[Json]]


class Layered:
    """Attributes of an image, completed from its series and study as the archive describes them."""

    def __init__(self, *layers: Attributes) -> None:
        """Earlier layers win, unless they are empty."""
        self._layers = layers

    def values(self, keyword: str) -> tuple[str, ...] | None:
        """Every value as text; () when empty, None when absent in every layer."""
        found = [values for layer in self._layers if (values := layer.values(keyword)) is not None]
        return next((values for values in found if values), found[0] if found else None)


def find_ct_series(client: DICOMwebClient, key: PatientKey) -> Iterator[CtSeries]:
    """Every CT series of the patient.

    The archive is asked by PatientID; identifier and issuer are then compared here, exactly,
    because archives match loosely and many do not index the issuer.
    """
    filters = {"PatientID": key.patient_id.strip(), "ModalitiesInStudy": "CT"}
    telling = _TELLING if key.issuer is None else (*_TELLING, "IssuerOfPatientID")
    for study in _pages(client.search_for_studies, "StudyInstanceUID", search_filters=filters, fields=_STUDY_FIELDS):
        study_uid = first_text(study, "StudyInstanceUID")
        if study_uid is None or not _could_carry(patient_of(study), key):
            continue
        unsaid = tuple(keyword for keyword in _PERSON_FIELDS if first_text(study, keyword) is None)
        of_study = {"study_instance_uid": study_uid, "search_filters": {"Modality": "CT"}, "fields": _SERIES_FIELDS}
        for series in _pages(client.search_for_series, "SeriesInstanceUID", **of_study):
            if first_text(series, "Modality") in (None, "CT"):
                facts = _described(client, study_uid, study, series, (*telling, *unsaid))
                if facts is not None and carries(facts.patient, key):
                    yield facts


def study_patient(client: DICOMwebClient, study_uid: str, *, with_issuer: bool) -> ArchivedPatient | None:
    """The patient under whom a study is kept now; None if the study is gone."""
    filters = {"StudyInstanceUID": study_uid}
    found = list(_pages(client.search_for_studies, "StudyInstanceUID", search_filters=filters, fields=_STUDY_FIELDS))
    study = next((study for study in found if first_text(study, "StudyInstanceUID") == study_uid), None)
    if study is None:
        return None
    told = [first_text(study, keyword) is not None for keyword in _PATIENT_FIELDS if keyword != "IssuerOfPatientID"]
    if all(told) and (first_text(study, "IssuerOfPatientID") is not None or not with_issuer):
        return patient_of(study)
    image = _one_image(client, study_uid, None, _PATIENT_FIELDS, telling=_PATIENT_FIELDS)
    return None if image is None else patient_of(Layered(image, study))


def has_series(client: DICOMwebClient, study_uid: str, series_uid: str) -> bool:
    """Whether a study still has a series; a rejected one is not listed any more."""
    found = client.search_for_series(study_uid, search_filters={"SeriesInstanceUID": series_uid})
    return any(first_text(JsonAttributes(each), "SeriesInstanceUID") == series_uid for each in found)


def _could_carry(found: ArchivedPatient, key: PatientKey) -> bool:
    """Whether nothing said so far speaks against the key; absent facts do not."""
    filled = replace(found, patient_id=found.patient_id or key.patient_id, issuer=found.issuer or key.issuer)
    return carries(filled, key)


def _described(
    client: DICOMwebClient, study_uid: str, study: Attributes, series: Attributes, telling: Sequence[str]
) -> CtSeries | None:
    """One image tells what the whole series is like; None when there is no image any more."""
    series_uid = first_text(series, "SeriesInstanceUID")
    image = _one_image(client, study_uid, series_uid, _IMAGE_FIELDS, telling=telling)
    if image is None:
        return None
    count = whole(series, "NumberOfSeriesRelatedInstances")
    return series_of(Layered(image, series, study), instance_count=count)


def _one_image(
    client: DICOMwebClient, study_uid: str, series_uid: str | None, fields: Sequence[str], telling: Sequence[str]
) -> Attributes | None:
    """Any image of a study or series; its own metadata where the search leaves out something telling."""
    images = client.search_for_instances(study_uid, series_uid, limit=1, fields=fields)
    if not images:
        return None
    image = JsonAttributes(images[0])
    within, instance_uid = series_uid or first_text(image, "SeriesInstanceUID"), first_text(image, "SOPInstanceUID")
    if within is None or instance_uid is None or all(image.values(keyword) is not None for keyword in telling):
        return image
    return Layered(JsonAttributes(client.retrieve_instance_metadata(study_uid, within, instance_uid)), image)


def _pages(search: _Search, uid_keyword: str, **query: Any) -> Iterator[Attributes]:  # noqa: ANN401 - passed on
    """Every result, however many pages the archive makes of it, each once.

    An archive that ignores `offset` would answer with the first page for ever; a page without
    anything new ends the search.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        page = [JsonAttributes(result) for result in search(**query, offset=offset or None)]
        fresh = [result for result in page if (first_text(result, uid_keyword) or "") not in seen]
        yield from fresh
        seen.update(first_text(result, uid_keyword) or "" for result in fresh)
        offset += len(page)
        if not fresh:
            return
