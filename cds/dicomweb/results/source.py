"""The images that a result was measured in, as far as its objects refer to them.

Patient and study are copied from one of them; nothing is made up. What DICOM wants present and the
images lack stays empty, and so does a date that is none.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final

from pydicom.dataset import Dataset
from pydicom.valuerep import DA, TM

from cds.ct.patient import ArchivedPatient
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.dataset import pair_of
from cds.dicomweb.slices import Triple, slice_of
from cds.ports import ResultRefused

_EMPTY_WHERE_MISSING: Final = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
"""Type 2 in the modules of patient and study (PS3.3 C.7.1.1, C.7.2.1)."""
_IDENTIFIERS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_DATES: Final = ("PatientBirthDate", "StudyDate")
_TIMES: Final = ("PatientBirthTime", "StudyTime")
_SEXES: Final = ("M", "F", "O")
_UTF_8: Final = "ISO_IR 192"


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image of the CT."""

    sop_class_uid: str
    sop_instance_uid: str
    position_lps_mm: Triple


@dataclass(frozen=True, slots=True, eq=False)
class SourceImages:
    """The images behind the slices, in the order of the slices."""

    header: Dataset
    """Of one of them, without pixels: patient, study, frame of reference, orientation, spacing."""
    images: tuple[SourceImage, ...]
    rows: int
    columns: int
    pixel_spacing_mm: tuple[float, float]
    """(between rows, between columns)."""
    directions: tuple[float, ...]
    """ImageOrientationPatient."""
    thickness_mm: float | None
    patients: frozenset[ArchivedPatient]
    """Whose the images are, by each of them; more than one where some tell less than others."""

    @property
    def spacing_mm(self) -> float:
        """Between neighbouring slices."""
        return math.dist(self.images[0].position_lps_mm, self.images[-1].position_lps_mm) / (len(self.images) - 1)

    def moment(self, at: datetime) -> datetime:
        """On the clock of the images."""
        return moment_of(self.header, at)


def moment_of(header: Dataset, at: datetime) -> datetime:
    """A moment on the clock of the images: their time zone where they name one, else that of this machine."""
    return at.astimezone(_zone_of(header))


def source_images(headers: Iterable[Dataset], sop_instance_uids: Sequence[str]) -> SourceImages:
    """Pick the images behind the slices; raises `ResultRefused` where one is missing or has no place."""
    wanted = frozenset(sop_instance_uids)
    if not wanted:
        raise ResultRefused("the images carry no identifiers of their own that could be referred to")
    found: dict[str, SourceImage] = {}
    patients: set[ArchivedPatient] = set()
    first: Dataset | None = None
    for header in headers:
        image = slice_of(DatasetAttributes(header), name="", transfer_syntax="")
        uid = image.sop_instance_uid
        if uid not in wanted or uid is None:
            continue
        if image.position_lps_mm is None or image.sop_class_uid is None:
            raise ResultRefused("an image that was measured has no position any more")
        patients.add(image.patient)
        found[uid] = SourceImage(image.sop_class_uid, uid, image.position_lps_mm)
        first = first if first is not None else header
    if first is None or len(found) < len(wanted):
        raise ResultRefused(f"{len(wanted) - len(found)} of the {len(wanted)} images that were measured are not there")
    if not all(first.get(keyword) for keyword in _IDENTIFIERS):
        raise ResultRefused("the images name no study, no series or no frame of reference that could be referred to")
    return _with_geometry(copyable(first), tuple(found[uid] for uid in sop_instance_uids), frozenset(patients))


def _with_geometry(
    header: Dataset, images: tuple[SourceImage, ...], patients: frozenset[ArchivedPatient]
) -> SourceImages:
    attributes = DatasetAttributes(header)
    facts, spacing_mm = slice_of(attributes, name="", transfer_syntax=""), pair_of(attributes, "PixelSpacing")
    along_row, along_column = facts.row_direction, facts.column_direction
    if spacing_mm is None or along_row is None or along_column is None or not facts.rows or not facts.columns:
        raise ResultRefused("the images that were measured do not tell their geometry any more")
    directions = (*along_row, *along_column)
    return SourceImages(header, images, facts.rows, facts.columns, spacing_mm, directions, facts.thickness_mm, patients)


def copyable(header: Dataset) -> Dataset:
    """A header that can be copied from: what must be there is, what cannot be written is empty."""
    header.decode()  # while it still says how its text is encoded
    copied = Dataset(header)
    for keyword in _EMPTY_WHERE_MISSING:
        if keyword not in copied:
            setattr(copied, keyword, "")
    _empty_unless(copied, _DATES, DA)
    _empty_unless(copied, _TIMES, TM)
    if copied.PatientSex not in _SEXES:
        copied.PatientSex = ""
    copied.SpecificCharacterSet = _UTF_8
    return copied


def _empty_unless(header: Dataset, keywords: Iterable[str], readable: Callable[[str], object]) -> None:
    for keyword in keywords:
        if keyword in header:
            try:
                readable(str(header[keyword].value or ""))
            except ValueError:
                setattr(header, keyword, "")


def _zone_of(header: Dataset) -> tzinfo | None:
    """TimezoneOffsetFromUTC (0008,0201), such as "+0100"; None is the zone of this machine."""
    told = str(header.get("TimezoneOffsetFromUTC") or "").strip()
    if len(told) != 5 or told[0] not in "+-" or not told[1:].isdigit():
        return None
    offset = timedelta(hours=int(told[1:3]), minutes=int(told[3:]))
    return timezone(-offset if told[0] == "-" else offset)
