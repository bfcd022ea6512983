"""Pictures as the page shows them: inside the page, so that they need no address of their own."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cds.bone import words
from cds.bone.assessment import Assessment
from cds.pages.language import Wording
from cds.picture import SLAB_MM, WINDOW_CENTRE_HU, WINDOW_WIDTH_HU, Picture
from cds.ports import StoredResult

Standing = Literal["drawn", "wished-for", "impossible", "none"]
"""Whether there are pictures; none: nothing is said of single vertebrae, so there is nothing to show."""
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
                    "No pictures are kept of this CT now. They are being drawn from the images in the archive: "
                    "load this page again in a minute."
                ),
                "impossible": say(
                    "No pictures are kept of this CT, and they could not be drawn: the images have gone, or read "
                    "otherwise now."
                ),
            }.get(standing, say("There are no pictures: nothing was measured in this CT."))
        )
    shown = {each.name: _shown(each, assessment, wording) for each in pictures}
    return Illustration(
        spine=tuple(shown[each.name] for each in pictures if each.name in _SPINE),
        axial=tuple(shown[each.name] for each in pictures if each.name not in _SPINE),
        legend=" ".join(_legend(result, wording)),
    )


def _legend(result: StoredResult, wording: Wording) -> Iterator[str]:
    """Of what is in these pictures."""
    say = wording.say
    if result.measured.levels_used:
        yield say(
            "Blue: outline of a vertebral body, whole where it was used, dotted where not. Yellow: the region that was "
            "measured."
        )
    else:
        yield say("Blue, dotted: outline of a vertebral body; none was used for a value.")
    yield say(
        "Bone window, centre {centre} HU, width {width} HU; reformats are means of {slab} mm; square pixels. "
        "A front, P back, R the patient's right, L left.",
        centre=WINDOW_CENTRE_HU,
        width=WINDOW_WIDTH_HU,
        slab=SLAB_MM,
    )
    if result.correction is not None:
        yield say("Names and used vertebrae as the software had them, before the correction.")


def _shown(picture: Picture, assessment: Assessment, wording: Wording) -> Shown:
    say = wording.say
    used = words.levels_words(assessment.levels_used) or say("none")
    if picture.level is not None:
        caption = say("Axial slice at {level}", level=picture.level)
        told = say("Axial CT slice at {level} with the outline and the measured region.", level=picture.level)
    elif picture.name == "sagittal":
        caption = say("Mid-sagittal, along the spine")
        told = say(
            "Mid-sagittal CT with outlined and named vertebral bodies; used for the value: {levels}.", levels=used
        )
    else:
        caption = say("Mid-coronal, along the spine")
        told = say(
            "Mid-coronal CT with outlined and named vertebral bodies; used for the value: {levels}.", levels=used
        )
    source = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
    return Shown(source, picture.width_px, picture.height_px, caption, told)
