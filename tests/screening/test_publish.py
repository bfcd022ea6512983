"""Mirrors cds/screening.py, publish, and who opts out at any step."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cds.errors import ArchiveUnavailable, StudyVanished, VersionWithdrawn
from cds.retraction import Recall, StandingRecall
from cds.screening import Choice
from tests.support.assessments import GENERATION, a_patient, an_order
from tests.support.screening_fakes import a_refusal_of


def test_publishing_again_confirms(screening, archive, store, clock):
    """A result measured again under the same id counts as confirmed now."""
    choice = Choice(a_patient(), tuple(archive.series))
    result_id = screening.publish(choice, a_refusal_of(archive.series[0]))
    clock.move_on(hours=30)

    screening.publish(choice, a_refusal_of(archive.series[0]))

    assert store.read(result_id).confirmed_at == clock.now()


def test_a_result_counts_as_confirmed_when_the_archive_was_asked(screening, archive, store, clock):
    """Not when it was published: what the archive said is as old as that."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    clock.move_on(minutes=59)
    archive.away = ArchiveUnavailable("not asked so soon")

    result_id = screening.publish(choice, assessment)

    assert store.read(result_id).confirmed_at == choice.chosen_at == clock.now() - timedelta(minutes=59)


@pytest.mark.parametrize("before", [False, True], ids=["chosen two days ago", "chosen by an older version"])
def test_what_was_chosen_long_ago_is_asked_about_before_it_is_published(screening, archive, store, clock, before):
    """As when every worker was down in between: held, it is published as of now; moved or gone, chosen anew."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    if before:
        choice = replace(choice, chosen_at=None)
    else:
        clock.move_on(hours=47)
    held, archive.series = archive.series, []
    with pytest.raises(StudyVanished):
        screening.publish(choice, assessment)
    archive.series = [replace(held[0], patient=replace(held[0].patient, patient_id="PAT-0002"))]
    with pytest.raises(StudyVanished):
        screening.publish(choice, assessment)
    assert store.results == {}
    archive.series = held

    assert store.read(screening.publish(choice, assessment)).confirmed_at == clock.now()


def test_an_archive_that_is_away_lets_nothing_old_be_published(screening, archive, store, clock):
    """The order waits for it."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    clock.move_on(hours=2)
    archive.away = ArchiveUnavailable("away")

    with pytest.raises(ArchiveUnavailable):
        screening.publish(choice, assessment)
    assert store.results == {}


def test_a_version_that_was_withdrawn_meanwhile_publishes_nothing(screening, archive, store):
    """Chosen and measured before, published after: the order fails with the reason, the next one before it looks."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    recall = Recall(model_version=GENERATION)
    screening.recalls.keep(StandingRecall(recall, "recalled-version", "it reads too low", "B.", choice.chosen_at))
    archive.find_series = None

    for step in (lambda: screening.publish(choice, assessment), lambda: screening.choose(an_order())):
        with pytest.raises(VersionWithdrawn, match="it reads too low"):
            step()
    assert store.results == {}


def test_publishing_twice_stores_once(screening, archive, store):
    """The same choice and assessment published again change nothing and give the same id."""
    choice = Choice(a_patient(), tuple(archive.series))

    first = screening.publish(choice, a_refusal_of(archive.series[0]))
    second = screening.publish(choice, a_refusal_of(archive.series[0]))

    assert first == second
    assert list(store.results) == [first]


def test_what_changes_is_noted_with_it_and_once(screening, archive, store):
    """Published twice, as after a crash, then withdrawn twice: one audit row each."""
    choice = Choice(a_patient(), tuple(archive.series))
    result_id, _ = (screening.publish(choice, a_refusal_of(archive.series[0])) for _ in range(2))
    archive.series = []
    for _ in range(3):
        screening.choose(an_order())
        screening.instruments.clock.move_on(days=1)

    assert [(each.event, each.detail) for each in store.notes] == [
        ("result-published", result_id),
        ("result-withdrawn", result_id),
    ]


def test_stored_identity_is_what_the_images_say(screening, archive, store):
    """Birth date and sex are kept as the images have them, so that a chart that changes is held against them."""
    chart = a_patient(birth_date=None)
    choice = Choice(chart, tuple(archive.series))

    result_id = screening.publish(choice, a_refusal_of(archive.series[0]))

    assert store.read(result_id).patient.birth_date == archive.series[0].patient.birth_date


@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_who_opts_out_is_left_alone_from_then_on(screening, archive, store, step):
    """Whatever had been queued, chosen or measured before: nothing is looked up, retrieved or stored any more."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    retrieved = list(archive.retrieved)
    screening.opt_outs.patients.add(a_patient().key)
    archive.series.clear()

    outcome = {
        "choose": lambda: screening.choose(an_order()).series or None,
        "measure": lambda: screening.measure(choice),
        "publish": lambda: screening.publish(choice, assessment),
    }[step]()

    assert outcome is None
    assert archive.retrieved == retrieved
    assert (store.results, store.nothing) == ({}, {})
    assert screening.audit.rows[-1] == ("screening", a_patient().key, "opted-out", step)


def test_who_has_opted_out_is_not_searched_for(screening, archive, opt_outs):
    """The archive is not even asked, though the order was queued before."""
    opt_outs.patients.add(a_patient().key)
    archive.find_series = None

    assert screening.choose(an_order()) == Choice(a_patient())


def test_who_opts_in_again_is_screened_at_once(screening, archive, opt_outs):
    """Nothing was remembered that would stand in the way."""
    opt_outs.patients.add(a_patient().key)
    screening.choose(an_order())
    opt_outs.patients.clear()

    assert screening.choose(an_order()).series == tuple(archive.series)
