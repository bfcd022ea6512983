import json

from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.results_file import as_text, keep, load

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_the_text_is_the_same_json(value):
    """Line breaks change nothing that a program reads."""
    assert json.loads(as_text(value)) == value


def test_a_part_replaces_its_predecessor_only(tmp_path):
    """Parts that were not run again keep their figures and their own date."""
    file = tmp_path / "results.json"
    keep(file, "speed", {"seconds": 1}, {"date": "2026-01-01"}, order=("final", "speed"))
    keep(file, "final", {"volumes": []}, {"date": "2026-02-02"}, order=("final", "speed"))
    keep(file, "speed", {"seconds": 2}, {"date": "2026-03-03"}, order=("final", "speed"))

    assert load(file) == {
        "final": {"provenance": {"date": "2026-02-02"}, "volumes": []},
        "speed": {"provenance": {"date": "2026-03-03"}, "seconds": 2},
    }
