"""Results that were taken back, and everywhere they have to be taken back from."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from cds.ct.patient import PatientKey
from cds.export import HandedOut
from cds.ports.results import StoredResult
from cds.retraction import Recall, Retraction, StandingRecall


class Retractions(Protocol):
    """Keeps which results were taken back, by whom and why, and who was told."""

    def candidates(self, recall: Recall) -> Iterator[StoredResult]:
        """Results that may be meant and were not taken back yet, withdrawn ones too: narrowed, not decided."""

    def keep(self, retraction: Retraction, bundle: bytes, places: Sequence[str]) -> bool:
        """Store it, its rendering, and the places that do not know yet; False if it was taken back before."""

    def seen_by(self, result_id: str) -> int:
        """How many users saw a card of it; those without a name count as one."""

    def unfinished(self) -> Sequence[tuple[Retraction, StoredResult, tuple[str, ...]]]:
        """Those with the places that do not know yet."""

    def finished(self, result_id: str, place: str) -> None:
        """This place knows."""


class Recalls(Protocol):
    """Keeps which versions and coefficient files are withdrawn."""

    def standing(self) -> Sequence[StandingRecall]:
        """The oldest first."""

    def keep(self, standing: StandingRecall) -> bool:
        """False where the same is withdrawn already."""

    def lift(self, recall: Recall) -> bool:
        """False where it was not withdrawn."""


class RetractionNotices(Protocol):
    """Why results were taken back, and who saw a card of one and was not told so yet."""

    def of(self, result_id: str) -> Retraction | None:
        """Why a result was taken back; None if it was not."""

    def due(self, patient: PatientKey, user: str | None, call: str) -> Sequence[Retraction]:
        """What this user has to be told about the patient; told in this same call counts as not told."""


class ResultPlace(Protocol):
    """Somewhere outside our own store where results, or copies of them, are."""

    @property
    def name(self) -> str:
        """What operators call it."""

    def holds(self, result: StoredResult) -> str | None:
        """What is there of it, in words for an operator; None for nothing."""

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """Take it back there, and say what was done; may be repeated, raises `OsteocdsError` to be called again."""


class ExportedCopies(Protocol):
    """Files that were made of results for others, pseudonymised ones too."""

    def holding(self, result: StoredResult) -> Sequence[str]:
        """Ids of the exports that hold it, or may hold it, as something else than entered in error."""

    def discard(self, result: StoredResult) -> Sequence[str]:
        """Hand them out no more, remove their files, and say which."""

    def handed_out(self, result: StoredResult) -> Sequence[HandedOut]:
        """Who has fetched it, and cannot unknow it; the oldest first."""
