"""UIDs of everything that a result leaves in the archive: made from its id, so that a repeat is the same object."""

import uuid
from typing import Final

from pydicom.uid import UID

from cds.bone.anatomy import VertebralLevel
from cds.bone.regions import RegionKind
from cds.ports import Rejection

_OURS: Final = uuid.UUID("0b0c6a5c-6f55-4d0e-9a53-1d6f7f0f4b0e")
"""The name space of these names; another one would make other UIDs of the same results."""


class ResultUids:
    """UUID-derived UIDs (PS3.5 B.2), version 5: the same result id gives the same UIDs."""

    def __init__(self, result_id: str) -> None:
        self._result_id = result_id

    @property
    def segmentation_series(self) -> UID:
        """Series of the segmentation."""
        return self._named("segmentation series")

    @property
    def segmentation(self) -> UID:
        """The segmentation."""
        return self._named("segmentation")

    @property
    def dimensions(self) -> UID:
        """How the frames of the segmentation are ordered."""
        return self._named("dimensions")

    @property
    def report_series(self) -> UID:
        """Series of the structured report."""
        return self._named("report series")

    @property
    def report(self) -> UID:
        """The structured report."""
        return self._named("report")

    def tracked(self, kind: RegionKind | None, level: VertebralLevel | None = None) -> UID:
        """What segment and measurements of one region share; without a region, the patient's value."""
        return self._named("tracked", kind or "patient", level or "")

    def rejection_series(self, why: Rejection) -> UID:
        """Series of the rejection note."""
        return self._named("rejection series", why)

    def rejection(self, why: Rejection) -> UID:
        """The rejection note."""
        return self._named("rejection", why)

    def _named(self, *what: str) -> UID:
        return _uid("result", self._result_id, *what)


def device_uid(version: str, model: str, weights_sha256: str) -> UID:
    """Of the software that measured: the same for the same version and weights."""
    return _uid("device", version, model, weights_sha256)


def _uid(*parts: str) -> UID:
    return UID(f"2.25.{uuid.uuid5(_OURS, chr(10).join(parts)).int}")
