"""Results beside the images they were measured in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from cds.bone.regions import MeasuredRegions
from cds.errors import OsteocdsError
from cds.ports.results import StoredResult


class RegionStore(Protocol):
    """Keeps the regions of results until the archive has them; no voxels, no names."""

    def put(self, result_id: str, regions: bytes) -> None:
        """Keep, or replace."""

    def waiting(self) -> Sequence[tuple[str, datetime]]:
        """(result id, since when), the oldest first."""

    def read(self, result_id: str) -> bytes | None:
        """What was put."""

    def forget(self, result_id: str) -> None:
        """They are no longer needed."""


Rejection = Literal["patient-safety", "quality", "retention"]
"""Why objects are no longer to be used: they may harm, they are not good enough, or their time is over."""


class ResultRefused(OsteocdsError):
    """The archive will not take a result, however often it is offered; the message says why, without patient data."""


class ImageResults(Protocol):
    """Puts results beside the images they were measured in; each call may be repeated.

    Raises `ArchiveUnavailable` where a repeat may help, `ResultRefused` where it cannot, and
    `StudyVanished` where the images are gone.
    """

    def store(self, result: StoredResult, regions: MeasuredRegions) -> None:
        """Store segmentation and report in the study; what is there already stays as it is."""

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Store a rejection note for what was stored of a result; False if there was nothing."""
