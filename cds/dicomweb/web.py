"""A DICOMweb server as an imaging archive: QIDO to find, one streamed WADO request to retrieve."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests
from pydicom.dataset import Dataset

from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity, check_patient
from cds.ct.reason import NotAssessable, because
from cds.ct.volume import CtVolume
from cds.dicomweb.assembly import assemble_volume
from cds.dicomweb.decoding import decoding_threads
from cds.dicomweb.inflating import InflatesTooFar
from cds.dicomweb.queries import find_ct_series, has_series, study_patient
from cds.dicomweb.quiet import silence_libraries
from cds.dicomweb.scanned_file import DAMAGED
from cds.dicomweb.series_stream import AS_IT_LIKES, AS_STORED, SentImages, StreamingClient
from cds.dicomweb.storing import store_missing
from cds.dicomweb.study_search import StudySearch
from cds.dicomweb.web_session import BROKEN, ArchiveSession
from cds.errors import ArchiveTooSlow, ArchiveUnavailable, StudyVanished
from cds.ports import Progress, StudyStanding
from cds.study import ListedStudy

NOBODYS_STUDY: Final = "2.25.0"
"""From the nil UUID (PS3.5 B.2), so no study has it: an archive that answers tells of no patient."""


_TOO_LARGE: Final = because("pixels-unreadable", count=1, what="an image is larger than any CT image, once inflated")


class DicomwebArchive:
    """Implements `ImagingArchive` over one DICOMweb server. May be asked from several threads."""

    def __init__(
        self,
        url: str,
        session: ArchiveSession,
        retries: int = 3,
        threads: int | None = None,
        series_within_s: float = 600.0,
    ) -> None:
        """`url`: DICOMweb root, such as https://pacs.example.org/dicom-web. Sends nothing yet.

        `threads` decode; by default as many as there are cores. `series_within_s` is for all of one
        series, however often it is asked for.
        """
        silence_libraries()
        self._threads = decoding_threads(threads)
        self._session = session
        self._retries = retries
        self._series_within_s = series_within_s
        self._client = StreamingClient(url.rstrip("/"), session=session)
        self._client.set_http_retry_params(retry=False)  # the session retries, and logs no URL

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """Every CT series under the patient's identifier (and issuer, where the key has one)."""
        with self._translated():
            return tuple(find_ct_series(self._client, patient.key))

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """The voxels of one series, decoded while they arrive; what breaks or comes damaged is asked for again.

        Images that stay unreadable are named in the refusal. Raises `ArchiveTooSlow`.
        """
        until = time.monotonic() + self._series_within_s
        for attempt in range(self._retries + 1):
            if attempt:
                self._session.pause(attempt - 1)
            sent = SentImages(series.instance_count)
            with suppress(*BROKEN), closing(self._parts(series, until)) as parts:
                try:
                    images = sent.images(parts, progress)
                    volume = assemble_volume(images, series, series.instance_count, threads=self._threads)
                except InflatesTooFar:
                    return NotAssessable((_TOO_LARGE,))
                if sent.sound or attempt == self._retries:
                    return sent.judged(volume)
        raise ArchiveUnavailable(
            f"the connection to the archive {self._session.archive_name} broke while it sent images"
        )

    def standing(self, study_uid: str, series_uid: str, patient: PatientIdentity) -> StudyStanding:
        """Two short searches; a server that knows no such search tells nothing about the study."""
        try:
            with self._translated():
                found = study_patient(self._client, study_uid, with_issuer=patient.key.issuer is not None)
                if found is None:
                    return "gone"
                if check_patient(patient, found) == "mismatch":
                    return "another-patient"
                return "held" if has_series(self._client, study_uid, series_uid) else "gone"
        except StudyVanished:
            raise ArchiveUnavailable(f"{self._session.archive_name} answers 404 to a search") from None

    def studies(
        self,
        first: date,
        last: date,
        *,
        patient_id: str | None = None,
        before_request: Callable[[], None] = lambda: None,
    ) -> Iterator[ListedStudy]:
        """Every study with CT of these days, each once, as a `StudyIndex`."""
        with self._translated():
            yield from StudySearch(self._client, before_request, patient_id).between(first, last)

    def headers(self, study_uid: str, series_uid: str) -> Iterator[Dataset]:
        """What every image of a series says, without pixels, one after the other; `StudyVanished` if there is none."""
        with self._translated():
            found = self._client.retrieve_series_metadata(study_uid, series_uid)
            if not found:
                raise StudyVanished("the archive no longer has the series")
            yield from map(Dataset.from_json, found)

    def store(self, study_uid: str, instances: Sequence[Dataset]) -> None:
        """Store those instances of one study that are not there yet; raises `ResultRefused` if it will not."""
        with self._translated():
            store_missing(self._client, study_uid, instances)

    def server_time(self) -> datetime | None:
        """Ask for a study that nobody has; the clock of the server, aware, where it tells it."""
        with self._translated():
            response = self._session.get(
                f"{self._client.base_url}/studies",
                params={"StudyInstanceUID": NOBODYS_STUDY, "limit": "1"},
                headers={"Accept": "application/dicom+json"},
            )
            if response.status_code in (404, 410):
                raise ArchiveUnavailable(
                    f"{self._session.archive_name} has no search for studies there: check OSTEOCDS_ARCHIVE_URL"
                )
            response.raise_for_status()
            if response.status_code != requests.codes.no_content:
                response.json()
        try:
            return parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):
            return None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _parts(self, series: CtSeries, until: float) -> Generator[bytes]:
        with self._translated(passing=BROKEN):
            try:
                parts = self._client.series_parts(series.study_uid, series.series_uid, AS_STORED)
            except requests.HTTPError as error:
                if error.response is None or error.response.status_code not in (400, 406, 415):
                    raise
                parts = self._client.series_parts(series.study_uid, series.series_uid, AS_IT_LIKES)
            for part in parts:
                if time.monotonic() > until:
                    raise ArchiveTooSlow(
                        f"the archive {self._session.archive_name} took more than {self._series_within_s:g} s to send "
                        "a series: see OSTEOCDS_ARCHIVE_SERIES_LIMIT_S"
                    )
                yield part

    @contextmanager
    def _translated(self, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Everything that can go wrong becomes `ArchiveUnavailable` or `StudyVanished`.

        `passing`: errors of requests that the caller handles itself.
        """
        name = self._session.archive_name
        try:
            yield
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if status in (404, 410):
                raise StudyVanished("the archive no longer has the series") from None
            raise ArchiveUnavailable(f"the archive {name} refuses the request ({status})") from None
        except requests.JSONDecodeError:
            raise ArchiveUnavailable(f"{name} does not answer as DICOMweb: check OSTEOCDS_ARCHIVE_URL") from None
        except requests.RequestException as error:
            if isinstance(error, passing):
                raise
            raise ArchiveUnavailable(f"the connection to the archive {name} broke: {type(error).__name__}") from None
        except (OSError, *DAMAGED):
            raise ArchiveUnavailable(f"the archive {name} sends what is not DICOM") from None
