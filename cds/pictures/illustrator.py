"""Draws what was seen, outlined and measured in one CT."""

from collections.abc import Collection, Sequence
from typing import Final

from cds.bone.anatomy import VertebralLevel
from cds.bone.measured_ct import MeasuredCt
from cds.picture import Picture
from cds.pictures.canvas import BODY, REGION, Canvas
from cds.pictures.sampling import hu_on, inside_on, region_on
from cds.pictures.sections import Section, axial, coronal, sagittal

_FRONT, _BACK = "A", "P"
_RIGHT, _LEFT = "R", "L"
MOST_AXIAL: Final = 5


class SpineIllustrator:
    """The `ReportIllustrator`: a sagittal and a coronal reformat, and an axial slice for each level used."""

    def draw(self, ct: MeasuredCt, used: Collection[VertebralLevel]) -> Sequence[Picture]:
        """Nothing where no body was outlined."""
        if not ct.spine.bodies:
            return ()
        measured = [level for level in VertebralLevel if level in used and level in ct.rois][:MOST_AXIAL]
        return (
            _picture("sagittal", ct, sagittal(ct.spine.bodies), used, (_FRONT, _BACK)),
            _picture("coronal", ct, coronal(ct.spine.bodies), used, (_RIGHT, _LEFT)),
            *(
                _picture(f"axial-{level}", ct, axial(ct.volume, ct.rois[level]), used, (_RIGHT, _LEFT))
                for level in measured
            ),
        )


def _picture(
    name: str, ct: MeasuredCt, section: Section, used: Collection[VertebralLevel], sides: tuple[str, str]
) -> Picture:
    canvas = Canvas(hu_on(section, ct.volume), section.pixel_mm)
    for body in ct.spine.bodies:
        inside = inside_on(section, body.mask)
        canvas.outline(inside, BODY, dotted=body.level not in used)
        canvas.name(inside, body.level.value)
    for level in used:
        if level in ct.rois:
            canvas.outline(region_on(section, ct.volume, ct.rois[level]), REGION)
    canvas.sides(*sides)
    return canvas.finish(name)
