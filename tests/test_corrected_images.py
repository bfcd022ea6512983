"""The story of `cds.corrected_images`, told on fakes and a phantom."""

from dataclasses import dataclass, field, replace

import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Software
from cds.bone.corrected_column import Change
from cds.corrected_images import CorrectedImages
from cds.correcting import Correcting
from cds.ct.patient import ArchivedPatient
from cds.errors import ArchiveUnavailable, StudyVanished
from cds.measurement import Instruments, measure_first_assessable
from cds.ports import ResultRefused
from cds.reader import Reader
from tests.bone.phantom import Trunk, a_series
from tests.support.assessments import a_patient, a_result
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts, FakeStore
from tests.support.image_results import FakeImageResults
from tests.support.screening_fakes import FakeCalibrator, FakeSegmenter

L2 = VertebralLevel.L2
PATIENT = a_patient()
SERIES = a_series(patient=ArchivedPatient(PATIENT.key.patient_id, PATIENT.key.issuer, PATIENT.birth_date, PATIENT.sex))
TRUNK = Trunk(spacing_mm=(3.0, 2.0, 2.0), series=SERIES)
VOLUME = TRUNK.volume()
VOLUME = replace(VOLUME, sop_instance_uids=tuple(f"1.2.3.{number}" for number in range(len(VOLUME.hu))))


@dataclass
class PhantomArchive:
    """Holds one CT."""

    series: list
    volume: object = VOLUME

    def find_series(self, patient):
        """Whatever it holds."""
        del patient
        return self.series

    def retrieve(self, series, progress=None):
        """The phantom."""
        del series, progress
        return self.volume


@dataclass
class FakeCorrections:
    """Kept in the store; which the archive knows of."""

    store: FakeStore
    known: list = field(default_factory=list)

    def keep(self, result, _bundle):
        """Take it."""
        self.store.put(result)
        return True

    def untold(self):
        """Those that are corrected."""
        corrected = [each for each in self.store.results.values() if each.correction is not None]
        return [each.result_id for each in corrected if (each.result_id, each.correction.number) not in self.known]

    def told(self, result_id, number):
        """Remember."""
        self.known.append((result_id, number))


class Publisher:
    """Renders nothing."""

    def render(self, _result):
        """Empty."""
        return b"{}"


@dataclass
class Site:
    """A worker, and a reader."""

    images: CorrectedImages
    archive: FakeImageResults
    phantom: PhantomArchive
    correcting: Correcting
    audit: FakeAudit
    result: object
    may_store: bool = True

    def correct(self, change):
        """As a reader does."""
        return self.correcting.correct(self.result.result_id, Reader("Dr. Ada Reader"), change, "Old wedge.")

    def outcomes(self):
        """What the audit log says of the archive."""
        return [outcome for event, outcome in self.audit.outcomes if event == "image-results"]


@pytest.fixture
def site():
    """One result, measured in the phantom, and its copies in the archive."""
    clock, store, audit = SettableClock(), FakeStore(), FakeAudit()
    phantom, archive, corrections = PhantomArchive([SERIES]), FakeImageResults(), FakeCorrections(store)
    software = Software("0.1.0", "fake", "00")
    instruments = Instruments(phantom, FakeSegmenter(TRUNK.spine()), FakeCalibrator(), clock, software)
    measured = measure_first_assessable(instruments, PATIENT, [SERIES])
    result = store.put(a_result(PATIENT, measured.assessment))
    archive.stored[result.result_id] = None
    images = CorrectedImages(corrections, store, archive, instruments, audit, FakeOptOuts(), lambda: site.may_store)
    site = Site(images, archive, phantom, Correcting(store, corrections, Publisher(), audit, clock), audit, result)
    return site


def test_old_copies_are_rejected_and_corrected_ones_stored(site):
    """Once; the outlines come from the images, which were measured again."""
    site.correct(Change(((L2, "fracture"),)))

    site.images.deliver()
    site.images.deliver()

    assert site.archive.rejected == [(site.result.result_id, "quality")]
    assert {each.level for each in site.archive.stored[site.result.result_id].regions} >= {L2}
    assert site.outcomes() == ["corrected: old copies rejected, new ones stored"]


def test_wrong_names_are_a_matter_of_safety(site):
    """As where a result is retracted for them."""
    site.correct(Change(renamed=1))

    site.images.deliver()

    assert site.archive.rejected == [(site.result.result_id, "patient-safety")]


@pytest.mark.parametrize("change", ["in shadow", "opted out", "gone", "reads otherwise"])
def test_a_wrong_value_goes_even_where_no_new_one_may_be_stored(site, change):
    """Rejected, and nothing stored in its place."""
    site.correct(Change(((L2, "fracture"),)))
    if change == "in shadow":
        site.may_store = False
    elif change == "opted out":
        site.images.opt_outs.patients.add(PATIENT.key)
    elif change == "gone":
        site.phantom.series = []
    else:
        site.phantom.volume = replace(VOLUME, hu=VOLUME.hu + 20)

    site.images.deliver()

    assert site.archive.rejected == [(site.result.result_id, "quality")]
    assert site.archive.stored == {site.result.result_id: None}
    assert len(site.outcomes()) == 1
    assert site.images.corrections.untold() == []


def test_an_archive_that_is_away_is_told_later(site):
    """Nothing is noted as done."""
    site.correct(Change(((L2, "fracture"),)))
    site.archive.fault = ArchiveUnavailable("away")

    with pytest.raises(ArchiveUnavailable):
        site.images.deliver()
    site.archive.fault = None
    site.images.deliver()

    assert site.outcomes() == ["corrected: old copies rejected, new ones stored"]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (StudyVanished("gone"), "corrected: images gone"),
        (ResultRefused("no"), "corrected: refused by the archive, reject it there by hand"),
    ],
)
def test_what_the_archive_never_takes_is_noted(site, fault, outcome):
    """For an operator, once."""
    site.correct(Change(((L2, "fracture"),)))
    site.archive.fault = fault

    site.images.deliver()
    site.images.deliver()

    assert site.outcomes() == [outcome]


def test_what_was_taken_back_meanwhile_is_left_to_the_retraction(site):
    """It has its own errand."""
    site.correct(Change(((L2, "fracture"),)))
    untold = site.images.corrections.untold()
    site.images.results.withdraw(site.result.result_id, "retracted")
    site.images.corrections.untold = lambda: untold

    site.images.deliver()

    assert site.archive.rejected == []
