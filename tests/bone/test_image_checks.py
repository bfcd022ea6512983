import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cds.bone.image_checks import check_images
from cds.ct.volume import CtVolume
from tests.bone.phantom import a_series

CENTRE = (0.0, 0.0, 0.0)


def tissue(kernel, *, smooth_pixels=0.0, noise_hu=30.0):
    """Uniform tissue at pixels of 0.7 mm, its noise smooth over so many pixels."""
    noise = gaussian_filter(np.random.default_rng(3).normal(0, 1, (3, 160, 160)), (0, smooth_pixels, smooth_pixels))
    hu = np.rint(40 + noise_hu * noise / noise.std()).astype(np.int16)
    affine = np.array([[0, 0, 0.7, -56], [0, 0.7, 0, -56], [2.5, 0, 0, -2.5], [0, 0, 0, 1.0]])
    return CtVolume(hu, affine, a_series(kernel=kernel))


@pytest.mark.parametrize(
    ("kernel", "smooth_pixels", "flags"),
    [
        ("MYSTERY", 0.0, ("texture-sharp",)),
        (None, 0.0, ("texture-sharp",)),
        ("MYSTERY", 1.0, ()),
        (None, 1.0, ()),
        ("B30f", 0.0, ()),
        ("BONE", 0.0, ()),
    ],
)
def test_texture_speaks_where_the_name_does_not(kernel, smooth_pixels, flags):
    """A name that is known is believed; else white noise is that of a sharp kernel."""
    assert check_images(tissue(kernel, smooth_pixels=smooth_pixels), CENTRE, noise_hu=30.0).flags == flags


@pytest.mark.parametrize(
    ("kernel", "smooth_pixels", "refused"),
    [("BONE", 1.0, True), ("MYSTERY", 0.0, True), ("MYSTERY", 1.0, False), ("STANDARD", 0.0, False)],
)
def test_much_noise_refuses_only_what_is_sharp(kernel, smooth_pixels, refused):
    """By name or by texture; a soft kernel with as much noise is left to the gate of noise."""
    volume = tissue(kernel, smooth_pixels=smooth_pixels, noise_hu=90.0)
    found = check_images(volume, CENTRE, noise_hu=90.0)

    assert (found.refused is not None) is refused


def test_unknown_noise_judges_nothing():
    """Where there was too little soft tissue to measure noise, neither texture nor sharpness is judged."""
    found = check_images(tissue("BONE", noise_hu=200.0), CENTRE, noise_hu=None)

    assert (found.refused, found.flags) == (None, ())
