"""The generated definitions follow from their sources, and the sources from the program."""

import json

from fhir_profiles.generate import CHECKSUMS, GENERATED, HERE, checksums, code_files, run_sushi
from tests.support.fhir_validators import need_fhir_tools

MEND = "run `make profiles` and commit what it changes"


def test_the_fsh_of_code_systems_says_what_the_program_says():
    """A new flag, reason or measurement reaches the profiles, and a retired one leaves them."""
    on_disk = {path.relative_to(HERE).as_posix(): path.read_text() for path in (HERE / "input/fsh/codes").iterdir()}

    assert on_disk == code_files(), MEND


def test_the_json_was_made_from_these_sources():
    """Noticed without SUSHI, too."""
    assert json.loads(CHECKSUMS.read_text()) == checksums(), MEND


def test_sushi_makes_the_same_json_again(tmp_path):
    """Nobody edited the JSON by hand."""
    need_fhir_tools()

    run_sushi(tmp_path)

    made = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    kept = {path.name: json.loads(path.read_text()) for path in GENERATED.iterdir() if path != CHECKSUMS}
    assert made == kept, MEND
