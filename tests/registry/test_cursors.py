"""Mirrors cds/registry/cursors.py."""

import base64
from datetime import date

import pytest

from cds.registry.cursors import Cursor, Cursors
from cds.registry.refusals import Refused
from cds.resource import Position

SECRET = b"s" * 40
OURS = Cursor([("patient.identifier", "PATIENT-1"), ("_count", "3")], 17, Position(date(2025, 9, 14), "an-id"))


def sealed():
    """For one registry and one type."""
    return Cursors(SECRET).seal(OURS, "bone-registry", "Observation")


@pytest.mark.parametrize("key", [date(2025, 9, 14), 1_772_443_800_000])
def test_a_cursor_opens_as_it_was_sealed(key):
    """Whatever the page is sorted by."""
    cursor = Cursor(OURS.pairs, OURS.as_of, Position(key, "an-id"))
    token = Cursors(SECRET).seal(cursor, "bone-registry", "Observation")

    assert Cursors(SECRET).open(token, "bone-registry", "Observation") == cursor


@pytest.mark.parametrize(
    ("secret", "client", "kind"),
    [
        (SECRET, "another-registry", "Observation"),
        (SECRET, "bone-registry", "DiagnosticReport"),
        (b"t" * 40, "bone-registry", "Observation"),
    ],
)
def test_a_foreign_cursor_is_refused(secret, client, kind):
    """Of another registry, another type, another site; the refusal does not say which."""
    with pytest.raises(Refused, match="begin the search again") as refused:
        Cursors(secret).open(sealed(), client, kind)

    assert refused.value.status == 400


def test_what_was_searched_for_cannot_be_read_in_a_cursor():
    """It stands in an address."""
    parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in sealed().split(".")]

    assert not any(b"PATIENT-1" in part or b"an-id" in part for part in parts)
