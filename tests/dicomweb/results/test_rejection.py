"""Mirrors cds/dicomweb/results/rejection.py."""

from datetime import UTC, datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage

from cds.bone.assessment import Software
from cds.dicomweb.results.rejection import rejection_note
from cds.dicomweb.results.source import copyable
from tests.support.dciodvfy import complaints
from tests.support.image_results import as_file

AT = datetime(2026, 3, 2, tzinfo=UTC)
SOFTWARE = Software("0.1.0", "spine-net-1", "ab" * 32)


def a_stored_object():
    """The header of something in an archive."""
    header = Dataset()
    header.PatientID, header.StudyInstanceUID, header.SeriesInstanceUID = "PAT-1", "1.2.3", "1.2.3.4"
    header.SOPClassUID, header.SOPInstanceUID = SegmentationStorage, "1.2.3.4.5"
    return copyable(header)


@pytest.mark.parametrize("why", ["patient-safety", "quality", "retention"])
def test_a_note_is_a_valid_key_object_selection(why, tmp_path):
    """Whatever the reason, dciodvfy finds no error, and the title says it."""
    note = rejection_note("r", why, [a_stored_object()], SOFTWARE, AT)

    assert complaints(note, tmp_path) == []
    assert note.Modality == "KO"


def test_another_reason_is_another_note():
    """The same reason is the same note; a second reason does not overwrite the first."""
    notes = [rejection_note("r", why, [a_stored_object()], SOFTWARE, AT) for why in ("quality", "quality", "retention")]

    assert as_file(notes[0]) == as_file(notes[1])
    assert len({note.SOPInstanceUID for note in notes}) == 2
