"""One series as an archive sends it: each image is read by itself, so that a damaged one is named and hides no other.

an image cannot be read       -> `Unreadable`, under its number; the images after it are read
fewer come than were announced, or none can be read -> `SeriesUnusable`: that says little about the patient's CT
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dicomweb_client import URI
from dicomweb_client.web import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.dataset import CT_IMAGE_STORAGE
from cds.dicomweb.decoding import Image
from cds.dicomweb.inflating import InflatesTooFar, inflates_too_far
from cds.dicomweb.pixels import Unreadable
from cds.dicomweb.scanned_file import DAMAGED, transfer_syntax_of
from cds.dicomweb.slices import CtSlice, slice_of
from cds.errors import SeriesUnusable, StudyVanished
from cds.ports import Progress

_DICOM: Final = "application/dicom"
AS_STORED: Final = f'multipart/related; type="{_DICOM}"; transfer-syntax=*'
"""Any transfer syntax: the archive sends what it has and transcodes nothing."""
AS_IT_LIKES: Final = f'multipart/related; type="{_DICOM}"'
"""For an archive that does not know the wildcard: its default transfer syntax."""


class StreamingClient(DICOMwebClient):
    """The library's own retrieval ends at the first image that it cannot read; this hands out what is sent."""

    def series_parts(self, study_uid: str, series_uid: str, accept: str) -> Iterator[bytes]:
        """Ask for a series now; each image as it arrives, as sent."""
        url = str(URI(str(self.base_url), study_uid, series_uid))
        response = self._http_get(url, headers={"Accept": accept}, stream=True)
        if response.headers["Content-Type"].partition(";")[0].strip() == _DICOM:
            return iter([response.content])  # some servers send one image without a multipart message around it
        return self._decode_multipart_message(response, stream=True)


@dataclass(slots=True)
class SentImages:
    """What came of one series in one answer."""

    announced: int | None
    received: int = 0
    unread: int = 0
    short: bool = False
    """The archive has ended in good order, and sent fewer than it announced."""

    def images(self, parts: Iterable[bytes], progress: Progress | None = None) -> Iterator[Image | Unreadable]:
        """Each image as it arrives; raises `StudyVanished` if there is none, `InflatesTooFar` for a bomb."""
        for part in parts:
            self.received += 1
            image = _read(part, f"image {self.received}" + (f" of {self.announced}" if self.announced else ""))
            self.unread += isinstance(image, Unreadable)
            yield image
            if progress is not None and self.announced:
                progress("retrieving", min(1.0, self.received / self.announced))
        if not self.received:
            raise StudyVanished("the archive no longer has the series")
        self.short = self.announced is not None and self.received < self.announced

    @property
    def sound(self) -> bool:
        """Whether nothing would be won by asking again."""
        return not (self.unread or self.short)

    def judged(self, volume: CtVolume | NotAssessable) -> CtVolume | NotAssessable:
        """What was made of it, if enough came to say so."""
        if self.short:
            raise SeriesUnusable(f"the archive sent {self.received} of {self.announced} images of a series")
        if self.unread == self.received:
            raise SeriesUnusable("nothing that the archive sends of a series is DICOM")
        return volume


def _read(part: bytes, name: str) -> Image | Unreadable:
    """Damage that a folder calls cut short is called so here, too."""
    try:
        if inflates_too_far(io.BytesIO(part)):
            raise InflatesTooFar
        dataset = dcmread(io.BytesIO(part))
        image = slice_of(DatasetAttributes(dataset), name=name, transfer_syntax=transfer_syntax_of(dataset))
    except InvalidDicomError:
        return Unreadable("pixels-unreadable", name)
    except (OSError, *DAMAGED):  # pydicom raises OSError where a tag is missing
        return Unreadable("image-truncated", name)
    return Unreadable("image-truncated", name) if _ends_in_its_header(image, dataset) else (image, dataset)


def _ends_in_its_header(image: CtSlice, dataset: Dataset) -> bool:
    """Then the last value may be half of an identifier, and must not be compared with the patient's."""
    of_ct = image.sop_class_uid in (None, CT_IMAGE_STORAGE)
    return of_ct and image.rows is None and "PixelData" not in dataset
