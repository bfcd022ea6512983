"""One vertebral body as it was outlined: its axes, frame and heights, before anything is measured within it.

A collapsed body holds too little trabecular bone for a density, yet its heights are what a clinician
must hear of. They are therefore read first, and stay known when the region is refused.
"""

from dataclasses import dataclass

import numpy as np

from cds.bone.anatomy import Point, VertebralBody, VertebralLevel
from cds.bone.body_axes import BodyAxes
from cds.bone.body_frame import BodyFrame, frame_of
from cds.bone.gates import THICK_SLICE_MM
from cds.bone.posterior_elements import without_posterior_elements
from cds.bone.roi_gates import refuse_outline, slice_mm
from cds.bone.vertebral_height import BodyHeights, heights_of
from cds.ct.reason import NotAssessable, because
from cds.ct.volume import CtVolume

UPRIGHT = BodyAxes()


@dataclass(frozen=True, eq=False)
class OutlinedBody:
    """A whole vertebral body in its own frame, without its posterior elements."""

    level: VertebralLevel
    frame: BodyFrame
    axes: BodyAxes
    heights: BodyHeights
    height_loss_percent: float | None
    """To 0.1; None where the slices are over 3 mm thick."""

    @property
    def centre_lps_mm(self) -> Point:
        """Mean of all points within the outer surface."""
        mean = np.argwhere(self.frame.inside).mean(axis=0)
        x, y, z = (float(mm) for mm in self.frame.affine_lps[:3, :3] @ mean + self.frame.affine_lps[:3, 3])
        return x, y, z


@dataclass(frozen=True, slots=True)
class UnmeasuredBody(NotAssessable):
    """A whole body without a density, for its reasons, and what its outline says about its height."""

    height_loss_percent: float | None = None


def outlined_body(volume: CtVolume, body: VertebralBody, axes: BodyAxes = UPRIGHT) -> OutlinedBody | NotAssessable:
    """Frame and heights of one body; not of a cut one, nor of an outline that is no vertebral body."""
    if body.cut_by_border:
        return NotAssessable((because("level-cut"),))
    whole = frame_of(body.mask, axes.cranial, axes.posterior)
    if whole is None:
        return NotAssessable((because("level-outside-body"),))
    frame = without_posterior_elements(whole, axes.canal_lps_mm)
    refused = refuse_outline(volume, frame)
    if refused is not None:
        return NotAssessable((refused,))
    heights = heights_of(frame)
    loss = round(heights.loss_percent, 1) if slice_mm(volume) <= THICK_SLICE_MM else None
    return OutlinedBody(body.level, frame, axes, heights, loss)
