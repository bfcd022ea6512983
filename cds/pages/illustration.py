"""Pictures as the page shows them: inside the page, so that they need no address of their own."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cds.bone import words
from cds.bone.assessment import Assessment
from cds.pages.language import Wording
from cds.picture import SLAB_MM, WINDOW_CENTRE_HU, WINDOW_WIDTH_HU, Picture
from cds.ports import StoredResult

Standing = Literal["drawn", "wished-for", "impossible", "none"]
"""Whether there are pictures; none: the CT could not be measured, hence nothing was outlined."""
_SPINE = ("sagittal", "coronal")


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture and its words."""

    source: str
    width_px: int
    height_px: int
    caption: str
    alternative: str


@dataclass(frozen=True, slots=True)
class Illustration:
    """Pictures of the spine, axial slices, and what to know about them."""

    spine: tuple[Shown, ...] = ()
    axial: tuple[Shown, ...] = ()
    legend: str = ""
    missing: str = ""
    """Why there are none."""


def illustration_of(
    result: StoredResult, pictures: Sequence[Picture], standing: Standing, wording: Wording
) -> Illustration:
    """Pictures, or why there are none."""
    say, assessment = wording.say, result.measured
    if not pictures:
        return Illustration(
            missing={
                "wished-for": say(
                    "The pictures were removed to save space. They are being drawn again from the archive: "
                    "load this page again in a minute."
                ),
                "impossible": say(
                    "The pictures were removed to save space and could not be drawn again: the images have gone, "
                    "or read otherwise now."
                ),
            }.get(standing, say("There are no pictures: nothing was measured in this CT."))
        )
    legend = say(
        "Blue: outline of a vertebral body, whole where it was used, dotted where not. Yellow: the region that was "
        "measured. Bone window, centre {centre} HU, width {width} HU; reformats are means of {slab} mm; square pixels. "
        "A front, P back, R the patient's right, L left.",
        centre=WINDOW_CENTRE_HU,
        width=WINDOW_WIDTH_HU,
        slab=SLAB_MM,
    )
    if result.correction is not None:
        legend = f"{legend} {say('Names and used vertebrae as the software had them, before the correction.')}"
    shown = {each.name: _shown(each, assessment, wording) for each in pictures}
    return Illustration(
        spine=tuple(shown[each.name] for each in pictures if each.name in _SPINE),
        axial=tuple(shown[each.name] for each in pictures if each.name not in _SPINE),
        legend=legend,
    )


def _shown(picture: Picture, assessment: Assessment, wording: Wording) -> Shown:
    say, used = wording.say, words.levels_words(assessment.levels_used)
    if picture.level is not None:
        caption = say("Axial slice at {level}", level=picture.level)
        told = say("Axial CT slice at {level} with the outline and the measured region.", level=picture.level)
    elif picture.name == "sagittal":
        caption = say("Mid-sagittal, along the spine")
        told = say("Mid-sagittal CT with outlined and named vertebral bodies; measured in {levels}.", levels=used)
    else:
        caption = say("Mid-coronal, along the spine")
        told = say("Mid-coronal CT with outlined and named vertebral bodies; measured in {levels}.", levels=used)
    source = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
    return Shown(source, picture.width_px, picture.height_px, caption, told)
