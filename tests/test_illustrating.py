"""The story of `cds.illustrating`, told on fakes and a phantom."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from cds.bone.assessment import Software
from cds.bone.measured_ct import Measured
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import because
from cds.errors import ArchiveUnavailable, StudyVanished
from cds.illustrating import Illustrating
from cds.measurement import Instruments, measure_first_assessable
from cds.measuring_again import reads_the_same
from tests.bone.phantom import Trunk, a_series
from tests.support.assessments import a_height_loss, a_key, a_level, a_patient, a_refusal, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts, FakeStore
from tests.support.pictures import PICTURES, FakePictures
from tests.support.screening_fakes import FakeCalibrator, FakeSegmenter

PATIENT = a_patient()
SERIES = a_series(patient=ArchivedPatient(PATIENT.key.patient_id, PATIENT.key.issuer, PATIENT.birth_date, PATIENT.sex))
TRUNK = Trunk(series=SERIES)


@dataclass
class FakeIllustrator:
    """Draws the usual pictures and remembers of what."""

    drawn: list = field(default_factory=list)

    def draw(self, ct, used):
        """The usual ones."""
        self.drawn.append((ct, used))
        return PICTURES


@dataclass
class PhantomArchive:
    """Holds one CT; `fault` is raised instead of handing it out."""

    volume: object
    series: list
    fault: Exception | None = None

    def find_series(self, patient):
        """Whatever it holds."""
        del patient
        return self.series

    def retrieve(self, series, progress=None):
        """The phantom."""
        del series, progress
        if self.fault is not None:
            raise self.fault
        return self.volume


@pytest.fixture
def archive():
    """The phantom as the patient's CT."""
    return PhantomArchive(TRUNK.volume(), [SERIES])


@pytest.fixture
def illustrating(archive):
    """Everything on fakes, with nothing kept yet."""
    clock = SettableClock()
    software = Software("0.1.0", "fake", "00")
    instruments = Instruments(archive, FakeSegmenter(TRUNK.spine()), FakeCalibrator(), clock, software)
    pictures = FakePictures(usual=())
    store = FakeStore()
    return Illustrating(
        FakeIllustrator(), pictures, store, instruments, FakeAudit(), FakeOptOuts(), timedelta(days=730)
    )


def measured_by(illustrating):
    """The phantom, measured."""
    return measure_first_assessable(illustrating.instruments, PATIENT, [SERIES])


@pytest.fixture
def wished(illustrating):
    """A published result of the phantom whose pictures were purged and asked for."""
    result = a_result(PATIENT, measured_by(illustrating).assessment)
    illustrating.results.put(result)
    illustrating.pictures.wish(result.result_id)
    return result


def test_pictures_are_drawn_when_a_ct_is_measured(illustrating):
    """Of the levels used, under the result's id; a CT that could not be assessed has none."""
    measured = measured_by(illustrating)

    illustrating.keep("result-1", measured)
    illustrating.keep("result-2", Measured(a_refusal()))

    assert illustrating.pictures.read("result-1") == PICTURES
    assert illustrating.pictures.read("result-2") == ()
    assert illustrating.illustrator.drawn == [(measured.ct, measured.assessment.levels_used)]


def test_pictures_that_were_asked_for_are_drawn_again(illustrating, wished):
    """Measured once more from the archive; the wish is gone, and there is an audit row."""
    illustrating.redraw()

    assert illustrating.pictures.read(wished.result_id) == PICTURES
    assert illustrating.pictures.wishes() == []
    assert illustrating.audit.rows == [("pictures", a_key(), "drawn-again", wished.result_id)]


def a_fracture_without_a_value():
    """L1 lost a third of its height, and nothing could be used."""
    levels = (a_level(used=False, reasons=(because("level-fracture", loss_percent=33.0),)),)
    return a_refusal(because("level-fracture", loss_percent=33.0), levels=levels, height_losses=(a_height_loss(),))


def test_a_fracture_without_a_value_is_drawn(illustrating):
    """The page asks to look at the images, so they are there."""
    measured = replace(measured_by(illustrating), assessment=a_fracture_without_a_value())

    illustrating.keep("result-1", measured)

    assert illustrating.pictures.read("result-1") == PICTURES
    assert illustrating.illustrator.drawn == [(measured.ct, ())]


def test_of_several_cts_without_a_value_the_one_whose_reasons_stand_is_drawn(illustrating, archive):
    """The first; what was tried after it is listed as passed over."""
    spine = TRUNK.spine()
    cut = replace(spine, bodies=tuple(replace(each, cut_by_border=True) for each in spine.bodies))
    instruments = replace(illustrating.instruments, segmenter=FakeSegmenter(cut))
    others = [replace(SERIES, series_uid=f"1.9.{number}") for number in (1, 2)]

    measured = measure_first_assessable(instruments, PATIENT, [SERIES, *others])

    assert measured.ct is not None
    assert measured.ct.volume.hu is archive.volume.hu
    assert len(measured.assessment.passed_over) == 2


@pytest.mark.parametrize(
    ("differs", "same"),
    [
        ({}, True),
        ({"height_losses": ()}, False),
        ({"levels": ()}, False),
        ({"levels": (a_level(vbmd_mg_cm3=73.0, used=False),)}, False),
        ({"reasons": (because("level-cut"),)}, False),
    ],
)
def test_a_ct_without_a_value_is_drawn_again_if_it_reads_the_same(differs, same):
    """Its vertebrae, their densities, its possible fractures and its reasons."""
    then = a_fracture_without_a_value()

    assert reads_the_same(replace(then, **differs), then) is same
    assert not reads_the_same(an_assessment(), then)


def test_pictures_never_show_what_was_not_measured(illustrating, wished):
    """Where the CT reads otherwise than the result says, nothing is drawn."""
    said = wished.assessment
    illustrating.results.put(replace(wished, assessment=replace(said, vbmd_mg_cm3=said.vbmd_mg_cm3 + 0.2)))

    illustrating.redraw()

    assert illustrating.pictures.read(wished.result_id) == ()
    assert illustrating.pictures.wish(wished.result_id) == "impossible"
    assert illustrating.audit.outcomes == [("pictures", "not-drawn-again")]


def withdrawn(illustrating, wished, **_):
    """The result is no longer shown."""
    illustrating.results.withdraw(wished.result_id, "gone")


def opted_out(illustrating, wished, **_):
    """The patient wants nothing looked at."""
    illustrating.opt_outs.patients.add(wished.patient.key)


def no_series(archive, **_):
    """The archive has nothing of the patient."""
    archive.series.clear()


def gone_in_between(archive, **_):
    """Found, and not there any more."""
    archive.fault = StudyVanished("gone")


def shared_identifier(archive, **_):
    """Another series under the same identifier is a man's."""
    archive.series.append(replace(SERIES, series_uid="1.9", patient=replace(SERIES.patient, sex="male")))


@pytest.mark.parametrize("happened", [withdrawn, opted_out, no_series, gone_in_between, shared_identifier])
def test_what_cannot_be_drawn_again_is_given_up(illustrating, archive, wished, happened):
    """And nothing is drawn."""
    happened(illustrating=illustrating, archive=archive, wished=wished)

    illustrating.redraw()

    assert illustrating.pictures.wish(wished.result_id) == "impossible"
    assert illustrating.pictures.read(wished.result_id) == ()


def test_an_archive_that_is_away_leaves_the_wish(illustrating, archive, wished):
    """The next round tries again."""
    archive.fault = ArchiveUnavailable("away")

    with pytest.raises(ArchiveUnavailable):
        illustrating.redraw()

    assert illustrating.pictures.wishes() == [wished.result_id]


def test_pictures_are_purged_by_the_sites_rule(illustrating):
    """After so many days, or never."""
    now = illustrating.instruments.clock.now()

    illustrating.purge()
    replace(illustrating, keep_for=None).purge()

    by_rule, never = illustrating.pictures.purges
    assert by_rule == now - timedelta(days=730)
    assert never < now - timedelta(days=36000)
