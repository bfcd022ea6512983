import pytest

from cds.bone.height_grade import grade_of


@pytest.mark.parametrize(
    ("loss", "grade"),
    [
        (0, "none"),
        (19.9, "none"),
        (20, "mild"),
        (24.9, "mild"),
        (25, "moderate"),
        (40, "moderate"),
        (40.1, "severe"),
        (100, "severe"),
    ],
)
def test_grades_are_those_of_genant(loss, grade):
    """20 to 25 % is mild, up to 40 % moderate, more severe."""
    assert grade_of(loss) == grade
