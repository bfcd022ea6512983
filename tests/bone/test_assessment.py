from dataclasses import replace

import pytest

from cds.ct.reason import because
from tests.support.assessments import a_refusal, an_assessment


def test_an_assessed_result_needs_a_value():
    """Assessed without value or interval is a fault."""
    for missing in ("vbmd_mg_cm3", "ci95_mg_cm3"):
        with pytest.raises(ValueError, match="needs a value"):
            replace(an_assessment(), **{missing: None})


def test_a_refusal_needs_a_reason_and_has_no_value():
    """Not assessable without a reason, or with a value, is a fault."""
    with pytest.raises(ValueError, match="needs a reason"):
        replace(a_refusal(), reasons=())
    with pytest.raises(ValueError, match="has no value"):
        replace(a_refusal(because("kvp-missing")), vbmd_mg_cm3=80.0)
