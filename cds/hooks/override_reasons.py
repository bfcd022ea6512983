"""Why a clinician may set a card aside; feedback comes back with these codes.

Published as CodeSystem and ValueSet under `fhir_profiles`; a test holds them equal. A code that was
published keeps its meaning for ever.
"""

from typing import Final

from cds.hooks.messages import Coding

OVERRIDE_SYSTEM: Final = "http://osteocds.org/fhir/CodeSystem/override-reason"
OVERRIDE_REASONS: Final = tuple(
    Coding(code=code, system=OVERRIDE_SYSTEM, display=display)
    for code, display in (
        ("dxa-done-or-planned", "DXA has been done recently or is planned"),
        ("already-treated", "Bone density is already being treated"),
        ("later", "Will be addressed at another visit"),
        ("not-appropriate", "Not appropriate for this patient now"),
        ("patient-declined", "The patient declined"),
        ("finding-doubted", "The CT finding does not seem reliable"),
    )
)
