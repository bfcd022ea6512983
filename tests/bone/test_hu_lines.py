import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.body_frame import BodyFrame
from cds.bone.hu_lines import hu_lines, largest_fall, shell_prominence
from cds.ct.volume import CtVolume
from tests.bone.phantom import a_series

OFFSETS = np.arange(-6, 7)
NOTHING = np.empty((0, 13))


def lines(within, shell, without, *, at=0):
    """Three lines through a shell of 3 mm at an offset."""
    one = np.select([np.abs(OFFSETS - at) <= 1, at > OFFSETS], [shell, within], without)
    return np.tile(one.astype(float), (3, 1))


@given(st.integers(-100, 300), st.integers(-100, 300), st.integers(-2, 2))
def test_a_fall_is_the_step_on_the_way_out(within, without, at):
    """From bone to what lies outside, wherever near the surface the step is."""
    assert largest_fall(lines(within, within, without, at=at)) == pytest.approx(max(within - without, 0))


@pytest.mark.parametrize(
    ("within", "shell", "without", "expected"),
    [
        (100, 400, 60, 300),  # less above the bone within than above the disc
        (40, 400, 90, 310),  # fatty marrow, dense disc
        (120, 120, 60, 0),  # no shell, an edge
        (180, 120, 80, 0),  # steps downwards
        (100, 100, 100, 0),  # spongy bone throughout
    ],
)
def test_a_shell_stands_out_on_both_sides(within, shell, without, expected):
    """What counts is the lesser of the two."""
    assert shell_prominence(lines(within, shell, without), 25.0) == pytest.approx(expected)


def test_a_thin_body_is_read_half_through():
    """In 6 mm of bone the opposite endplate, 5 mm within, is not taken for its inside."""
    thin = lines(150, 400, 60)
    thin[:, :3] = 900

    assert shell_prominence(thin, 6.0) == pytest.approx(250)
    assert shell_prominence(thin, 25.0) < 0


def test_no_line_says_nothing():
    """Zero, and no fault."""
    assert (largest_fall(NOTHING), shell_prominence(NOTHING, 25.0)) == (0, 0)


def test_lines_run_from_within_to_without():
    """In a volume that grows by 1 HU a mm upwards, a line upwards reads -6 to 6 about its surface point."""
    rising = np.broadcast_to(np.arange(40, dtype=np.int16)[:, None, None], (40, 10, 10)).copy()
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1]])
    volume = CtVolume(rising, affine, a_series())
    frame = BodyFrame(np.zeros((3, 3, 3)), affine.copy())
    found = hu_lines(volume, frame, np.array([[20.0, 5.0, 5.0]]), np.array([[1.0, 0.0, 0.0]]))

    assert found == pytest.approx(20 + OFFSETS[None, :])
