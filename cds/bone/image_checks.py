"""What the images around one vertebra say of kernel, streaks and field of view; limits in `cds.bone.gates`."""

from dataclasses import dataclass

from cds.bone.anatomy import MaskGrid, Point
from cds.bone.field_of_view import cut_share
from cds.bone.gates import GATES
from cds.bone.noise_texture import noise_correlation
from cds.bone.streak_index import streak_index
from cds.ct.kernel import sharpness
from cds.ct.reason import Reason, because
from cds.ct.volume import CtVolume


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """Why the level cannot be measured, if so, and what to bear in mind if it can."""

    refused: Reason | None = None
    flags: tuple[str, ...] = ()


def check_images(
    volume: CtVolume, centre_lps_mm: Point, *, noise_hu: float | None, muscle: MaskGrid | None = None
) -> ImageCheck:
    """Judge noise and streaks. `noise_hu`: standard deviation in soft tissue, None where it is unknown.

    A sharp series is measured only where no softer one can be (`cds.ct.selection`): strong noise then refuses it.
    """
    texture = _texture_flags(volume, centre_lps_mm, noise_hu)
    is_sharp = bool(texture) or sharpness(volume.series.kernel) == "sharp"
    if is_sharp and noise_hu is not None and GATES["sharp-noise"].refuses(noise_hu):
        maximum_hu = GATES["sharp-noise"].accepted[1]
        return ImageCheck(because("level-sharp-noise", noise_hu=noise_hu, maximum_hu=maximum_hu))
    index = None if muscle is None else streak_index(volume, muscle, centre_lps_mm)
    streaks = () if index is None else GATES["streaks"].flags(index)
    return ImageCheck(flags=(*texture, *streaks))


def _texture_flags(volume: CtVolume, centre_lps_mm: Point, noise_hu: float | None) -> tuple[str, ...]:
    if noise_hu is None or sharpness(volume.series.kernel) != "unknown":
        return ()
    correlation = noise_correlation(volume, centre_lps_mm, noise_hu)
    return () if correlation is None else GATES["texture"].flags(correlation)


def check_field_of_view(volume: CtVolume, centre_lps_mm: Point) -> tuple[str, ...]:
    """Flags of a body that the field of view cuts."""
    cut = cut_share(volume, centre_lps_mm)
    return (
        "fov-truncated",
        *GATES["field-of-view"].flags(cut.whole_percent),
        *GATES["back"].flags(cut.back_percent),
    )
