import pytest
from pydantic import ValidationError

from cds.hooks.messages import Link


def test_only_a_smart_app_is_launched_with_a_context():
    """CDS Hooks 2.0, "Link": appContext belongs to type smart."""
    with pytest.raises(ValidationError, match="appContext"):
        Link(label="Report", url="https://cds.example.org/r", app_context="result-1")

    assert Link(label="App", url="https://app.example.org", type="smart", app_context="result-1").app_context
