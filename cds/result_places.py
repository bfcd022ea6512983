"""Where results lie outside our own store, and how each place takes one back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cds.errors import StudyVanished
from cds.export import HandedOut
from cds.ports import ExportedCopies, Outbox, RegionStore, Rejection, ResultRefused, StoredResult
from cds.retraction import Retraction

CHARTS, EXPORTS, IMAGING_ARCHIVE = "charts", "exports", "imaging archive"


def place_names(*, archive_is_a_server: bool) -> Sequence[str]:
    """Of every place that is asked where such an archive is used: whoever keeps a retraction names these."""
    return (CHARTS, EXPORTS, IMAGING_ARCHIVE) if archive_is_a_server else (CHARTS, EXPORTS)


_MAY_HARM = frozenset({"wrong-patient", "wrong-level"})


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts of EHRs: the outbox knows which have it, and workers tell them."""

    outbox: Outbox
    name: str = CHARTS

    def holds(self, result: StoredResult) -> str | None:
        """Every EHR that has it, or may have it."""
        there = [each for each in self.outbox.of(result.result_id) if each.state != "not-needed"]
        return ", ".join(f"{each.ehr} ({each.state})" for each in there) or None

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """Workers mark it as entered in error; `osteocds write-back` shows how far they are."""
        del retraction
        self.outbox.reopen_changed()
        held = self.holds(result)
        return f"entered in error at {held}, as soon as workers reach them" if held else "none has it"


class ImageRejection(Protocol):
    """The half of `ImageResults` that takes back."""

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Store a rejection note for what was stored of a result; False if there was nothing."""


@dataclass(frozen=True, slots=True)
class Images:
    """The imaging archive, where segmentation and report lie beside the images."""

    archive: ImageRejection
    regions: RegionStore
    name: str = IMAGING_ARCHIVE

    def holds(self, result: StoredResult) -> str | None:
        """Not asked for each result: a rejection note is written for what turns out to be there."""
        del result
        return "segmentation and report, if they were stored"

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """A rejection note for what is there; raises `ArchiveUnavailable`."""
        why: Rejection = "patient-safety" if retraction.kind in _MAY_HARM else "quality"
        self.regions.forget(result.result_id)
        try:
            return "rejected" if self.archive.reject(result, why) else "nothing of it is there"
        except StudyVanished:
            return "the study is gone"
        except ResultRefused as refused:
            return f"refused the rejection note, reject it there by hand: {refused}"


@dataclass(frozen=True, slots=True)
class Exports:
    """Files that were exported for registries, pseudonymised ones too."""

    copies: ExportedCopies
    name: str = EXPORTS

    def holds(self, result: StoredResult) -> str | None:
        """How many are kept here, and who has fetched one."""
        kept, fetched = len(self.copies.holding(result)), self._fetched(result)
        told = [*([f"{kept} kept"] if kept else []), *([f"fetched by {fetched}"] if fetched else [])]
        return "; ".join(told) or None

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """Registries export again, and get it as entered in error; what they have fetched cannot be called back."""
        del retraction
        withdrawn = self.copies.discard(result)
        told = f"{len(withdrawn)} withdrawn" if withdrawn else "none that is kept has it"
        fetched = self._fetched(result)
        return f"{told}; cannot be called back, tell them: {fetched}" if fetched else told

    def _fetched(self, result: StoredResult) -> str:
        return ", ".join(map(in_words, self.copies.handed_out(result)))


def in_words(handed: HandedOut) -> str:
    """Who has it, since when, and how sure that is."""
    deidentified = "" if handed.deidentification == "none" else f", de-identified ({handed.deidentification})"
    perhaps = "" if handed.sure else ", perhaps: it asked with filters"
    return f"{handed.client_id} ({handed.at:%Y-%m-%d %H:%M} UTC{deidentified}{perhaps})"
