"""Mirrors cds/durable/worker_slot.py: names that survive restarts."""

from cds.durable.worker_slot import claim_slot, names_without_worker


def test_a_restarted_worker_bears_the_same_name(tmp_path):
    """The slot is free again once its bearer is gone."""
    with claim_slot(tmp_path) as before:
        pass
    with claim_slot(tmp_path) as after:
        pass

    assert before == after


def test_workers_side_by_side_bear_different_names(tmp_path):
    """A slot in use is passed over."""
    with claim_slot(tmp_path) as first, claim_slot(tmp_path) as second:
        pass

    assert first != second


def test_another_machine_has_other_names(tmp_path):
    """The folder belongs to one machine; elsewhere the first slot has another name."""
    with claim_slot(tmp_path / "here") as here, claim_slot(tmp_path / "there") as there:
        pass

    assert here != there


def test_names_of_workers_that_were_not_replaced_are_found(tmp_path):
    """After a start with fewer workers, the missing ones' work can be taken over."""
    with claim_slot(tmp_path), claim_slot(tmp_path) as gone:
        pass
    with claim_slot(tmp_path):
        orphans = list(names_without_worker(tmp_path))

    assert orphans == [gone]
