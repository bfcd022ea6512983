from cds.bone.anatomy import VertebralLevel


def test_levels_know_their_region():
    """T7 to T12 are thoracic, L1 to L5 are not."""
    assert [level for level in VertebralLevel if level.is_thoracic] == ["T7", "T8", "T9", "T10", "T11", "T12"]
