import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.inference.label_names import OTHER, Structure, structure_of, structures_of


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("vertebrae_L1", Structure("vertebra", "L1")),
        ("L1", Structure("vertebra", "L1")),
        ("vertebra T12", Structure("vertebra", "T12")),
        ("Th12", Structure("vertebra", "T12")),
        ("vertebrae_C7", Structure("vertebra", "C7")),
        ("vertebrae_L6", Structure("vertebra", "L6")),
        ("L1_body", Structure("body", "L1")),
        ("vertebral_body_T9", Structure("body", "T9")),
        ("aorta", Structure("aorta")),
        ("spinal_cord", Structure("spinal_canal")),
        ("Spinal canal", Structure("spinal_canal")),
        ("autochthon_left", Structure("paraspinal_muscle")),
        ("paraspinal_muscles", Structure("paraspinal_muscle")),
        ("rib_left_12", Structure("rib")),
        ("ribs", Structure("rib")),
        ("sacrum", Structure("sacrum")),
        ("vertebrae_S1", Structure("sacrum")),
        # not a vertebra, though a level is named
        ("disc_L1_L2", OTHER),
        ("L1_posterior_elements", OTHER),
        ("rib_left_12_cartilage", OTHER),
        ("vertebrae_T14", OTHER),
        ("vertebrae_L0", OTHER),
        ("vertebrae_body", OTHER),
        ("background", OTHER),
        ("kidney_left", OTHER),
        ("", OTHER),
    ],
)
def test_a_name_tells_what_the_label_is(name, structure):
    """Common spellings are understood; what is not needed, or could be taken for a level, is left out."""
    assert structure_of(name) == structure


@given(st.sampled_from(sorted(VertebralLevel)), st.sampled_from(["{}", "vertebrae_{}", "{} vertebra", "Vertebra-{}"]))
def test_every_level_is_understood(level, pattern):
    """Each level that can be measured is found under each usual spelling, and only under its own name."""
    assert structure_of(pattern.format(level)) == Structure("vertebra", level.value)


def test_the_body_counts_where_a_level_has_both():
    """A label for the body alone replaces that for the whole vertebra."""
    assert structures_of({1: "vertebrae_L1", 2: "L1_body", 3: "liver"}) == {2: Structure("body", "L1")}


def test_two_labels_of_one_level_are_refused():
    """Nobody could tell which of them is L1."""
    with pytest.raises(ValueError, match="two labels are called L1"):
        structures_of({1: "vertebrae_L1", 2: "L1"})


@pytest.mark.parametrize("names", [{}, {0: "background"}, {1: "spleen"}, {1: "vertebrae_C3"}, {1: "vertebrae_X1"}])
def test_without_a_level_the_map_is_refused(names):
    """A label map without any vertebra from T7 to L5 cannot serve, and the message says how to name them."""
    with pytest.raises(ValueError, match="vertebrae_L1"):
        structures_of(names)
