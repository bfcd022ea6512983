"""Mirrors cds/dicomweb/study_search.py: every study once, however the archive pages."""

import random
from datetime import date

import pytest

from cds.dicomweb import study_search
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveUnavailable
from tests.support.dicom_builder import a_patient, a_series, edit_all, written
from tests.support.dicom_fake_server import URL, FakeDicomwebServer

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve studies: six of one evening, six of other days of January; and one of February."""
    root = tmp_path_factory.mktemp("archive")
    times = [("20260115", f"2011{number:02}") for number in range(3)] + [("20260115", f"07{n}000") for n in range(3)]
    times += [(f"202601{day:02}", "120000") for day in (1, 2, 9, 10, 30, 31)] + [("20260201", "000000")]
    for number, (day, moment) in enumerate(times):
        series = a_series(
            study_uid=f"1.2.3.{number}", series_uid=f"1.2.3.{number}.1", patient=a_patient(f"PAT-{number}")
        )
        paths = written(root / str(number), series)
        for path in paths[1:]:
            path.unlink()
        edit_all(paths[:1], StudyDate=day, StudyTime=moment)
    return root


@pytest.fixture
def server(folder):
    """A server with these studies."""
    server = FakeDicomwebServer()
    server.add(folder)
    return server


@pytest.fixture
def archive(server, monkeypatch):
    """Asked for five studies at once."""
    monkeypatch.setattr(study_search, "PAGE", 5)
    monkeypatch.setattr(study_search, "SMALLEST_CAP", 2)
    session = ArchiveSession(URL, ConnectionPolicy(retries=0, sleep=lambda _: None))
    session.mount("http://", server)
    return DicomwebArchive(URL, session)


def uids(archive, first=FIRST, last=LAST, **facts):
    """What is found, sorted."""
    return sorted(each.study_uid for each in archive.studies(first, last, **facts))


JANUARY = sorted(f"1.2.3.{number}" for number in range(12))


def test_every_study_of_the_days_is_listed_with_its_patient(archive):
    """Whose, when, how large; other days are left out."""
    (first,) = archive.studies(FIRST, FIRST)

    assert uids(archive) == JANUARY
    assert first.study_date == FIRST
    assert first.patient == a_patient("PAT-6")


@pytest.mark.parametrize("page_size", [1, 2, 4])
def test_an_archive_that_gives_less_than_asked_for(archive, server, page_size):
    """A short page is not the last one."""
    server.page_size = page_size

    assert uids(archive) == JANUARY


def test_an_archive_that_ignores_the_offset_is_asked_for_parts_of_days(archive, server):
    """Six studies of one day at five an answer: the day is divided until every part fits."""
    server.ignores_offset = True

    assert uids(archive) == JANUARY
    assert any("StudyTime=" in request.url for request in server.requests)


def test_ties_that_move_between_pages_lose_nothing(archive, server):
    """An archive without a fixed order repeats some studies and leaves out others: the range is divided."""
    for seed in range(10):
        server.shuffles = random.Random(seed).shuffle  # noqa: S311 - no secret

        assert uids(archive) == JANUARY


def test_more_studies_of_a_minute_than_an_answer_holds_are_no_silent_gap(archive, server, monkeypatch):
    """Three studies within one minute at two an answer, without offset: said, with the day."""
    monkeypatch.setattr(study_search, "PAGE", 2)
    server.ignores_offset = True
    server.page_size = 2

    with pytest.raises(ArchiveUnavailable, match="2026-01-15"):
        uids(archive)


def test_one_patient_alone(archive):
    """By identifier."""
    assert uids(archive, patient_id="PAT-3") == ["1.2.3.3"]


def test_the_pace_is_kept_before_each_question(archive, server):
    """As many waits as requests."""
    waits = []
    uids(archive, before_request=lambda: waits.append(1))

    assert len(waits) == len(server.requests) > 1


def test_a_folder_lists_the_same(folder):
    """The same port over files."""
    archive = FolderArchive(folder)

    assert uids(archive) == JANUARY
    assert uids(archive, patient_id="PAT-3") == ["1.2.3.3"]
