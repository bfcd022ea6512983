from PIL import Image

from tests.benchmarks.calibration.draw import draw_cohort
from tests.benchmarks.calibration.methods import methods_for
from tests.benchmarks.calibration.pictures import picture_of, save
from tests.benchmarks.calibration.side_by_side import side_by_side


def test_the_figure_has_two_panels_a_method(tmp_path):
    """Against truth and Bland-Altman, in a small file."""
    answers = side_by_side(draw_cohort("documented", natural=40, enriched=5), methods_for)
    figure = picture_of(answers, "forty-five patients")
    save(figure, tmp_path / "figure.png")

    assert len(figure.axes) == 2 * len(answers)
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.width > 800
    assert (tmp_path / "figure.png").stat().st_size < 400_000
