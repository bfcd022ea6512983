"""An archive over real HTTP that is slow, breaks off, errs or lies: a named error in bounded time, or the volume."""

import time
from contextlib import contextmanager

import numpy as np
import pytest

from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveTooSlow, ArchiveUnavailable, SeriesUnusable
from tests.support.dicom_builder import a_series, a_volume, written
from tests.support.faulty_archive import (
    TIMEOUT_S,
    an_archive_with,
    broken,
    busy,
    cut,
    dripping,
    of_another_kind,
    of_wrong_bytes,
    one_damaged,
    silent,
    stalled,
    whole,
)


@contextmanager
def an_archive(answers, series_within_s=60.0):
    """Each request gets the next answer; the last one stays."""
    with an_archive_with(answers) as url:
        session = ArchiveSession(url, ConnectionPolicy(timeout_s=TIMEOUT_S, retries=1))
        session.trust_env = False
        try:
            yield DicomwebArchive(url, session, retries=1, series_within_s=series_within_s)
        finally:
            session.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A good series, as stored."""
    return [path.read_bytes() for path in written(tmp_path_factory.mktemp("good"))]


@pytest.mark.parametrize(
    "passing", [cut, busy, silent, stalled, of_wrong_bytes, one_damaged], ids=lambda each: each.__name__
)
def test_a_fault_that_passes_costs_one_more_request(files, passing):
    """Given one bad answer and then a good one, then the volume is whole."""
    with an_archive([passing(files), whole(files)]) as archive:
        np.testing.assert_array_equal(archive.retrieve(a_series()).hu, a_volume().hu)


@pytest.mark.parametrize(
    "lasting", [cut, busy, broken, silent, stalled, of_another_kind], ids=lambda each: each.__name__
)
def test_a_fault_that_stays_is_an_archive_that_is_away(files, lasting):
    """Given the same bad answer each time, then a named error, soon, and never a partial volume."""
    begun = time.monotonic()
    with an_archive([lasting(files)]) as archive, pytest.raises(ArchiveUnavailable):
        archive.retrieve(a_series())

    assert time.monotonic() - begun < 30


def test_one_damaged_image_is_a_reason_and_no_archive_that_is_away(files):
    """Given a series with one damaged image each time, then it is refused by the image's name, as in a folder."""
    with an_archive([one_damaged(files)]) as archive:
        refused = archive.retrieve(a_series())

    assert [reason.text for reason in refused.reasons] == ["1 image file(s) are cut short: image 5 of 12."]


def test_a_series_of_wrong_bytes_is_an_error_of_that_series(files):
    """Given a series of which nothing can be read, then other patients hear of no archive that is away."""
    with an_archive([of_wrong_bytes(files)]) as archive, pytest.raises(SeriesUnusable):
        archive.retrieve(a_series())


def test_an_archive_that_is_never_silent_and_never_done_is_too_slow(files):
    """Given images that come, but too slowly for the site, then the error says so, and soon."""
    begun = time.monotonic()
    with (
        an_archive([dripping(files)], series_within_s=0.2) as archive,
        pytest.raises(ArchiveTooSlow, match=r"took more than 0\.2 s to send a series"),
    ):
        archive.retrieve(a_series())

    assert time.monotonic() - begun < 10
