import pytest

from cds.ct.kernel import emulates_other_kvp, sharpness


@pytest.mark.parametrize(
    ("kernel", "expected", "_whose"),
    [
        ("B30f", "soft", "Siemens body"),
        ("Br40", "medium", "Siemens body regular"),
        ("Br38f", "medium", "Siemens"),
        ("B45f", "medium", "Siemens"),
        ("B70f", "sharp", "Siemens"),
        ("Bl57", "sharp", "Siemens lung"),
        ("I31f", "soft", "Siemens iterative"),
        ("STANDARD", "medium", "GE"),
        ("SOFT", "soft", "GE"),
        ("BONEPLUS", "sharp", "GE"),
        ("LUNG", "sharp", "GE"),
        ("CHST", "medium", "GE"),
        ("B", "medium", "Philips"),
        ("YA", "soft", "Philips"),
        ("D", "sharp", "Philips"),
        ("FC08", "soft", "Canon"),
        ("FC18-H", "medium", "Canon"),
        ("FC52", "sharp", "Canon"),
        (" standard ", "medium", "padded"),
        ("SOMETHING", "unknown", "unfamiliar"),
        ("", "unknown", "empty"),
        (None, "unknown", "absent"),
    ],
)
def test_a_kernel_name_tells_its_sharpness(kernel, expected, _whose):
    """Given a vendor's kernel name, then its sharpness is known, or said to be unknown."""
    assert expected == sharpness(kernel)


@pytest.mark.parametrize(
    ("kernel", "expected"), [("Sa36f", True), ("Sa40", True), ("Sd36f", True), ("Br36", False), (None, False)]
)
def test_kernels_that_imitate_another_tube_voltage_are_recognised(kernel, expected):
    """Given a Siemens Sa or Sd kernel, then it is known to change the HU scale."""
    assert emulates_other_kvp(kernel) is expected
