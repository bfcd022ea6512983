"""Mirrors cds/storage/opt_outs.py."""

from cds.ct.patient import PatientKey
from cds.storage.opt_outs import OptedOut, SqlOptOuts

ADA = PatientKey("default", "PAT-0001", "HOSPITAL")
BEN = PatientKey("default", "PAT-0002", "HOSPITAL")


def test_only_those_on_the_list_have_opted_out(engine, clock):
    """Another identifier, issuer or tenant is somebody else."""
    opt_outs = SqlOptOuts(engine, clock)
    before = opt_outs.has_opted_out(ADA)

    assert opt_outs.add([ADA]) == [ADA]
    assert not before
    assert opt_outs.has_opted_out(ADA)
    assert opt_outs.has_opted_out(PatientKey("default", " PAT-0001 ", "HOSPITAL"))
    for other in (BEN, PatientKey("default", "PAT-0001", "CLINIC"), PatientKey("other", "PAT-0001", "HOSPITAL")):
        assert not opt_outs.has_opted_out(other)


def test_an_issuer_unknown_on_either_side_counts_as_the_same(engine, clock):
    """A list kept before the archive's issuer was configured protects afterwards, and the other way round."""
    opt_outs = SqlOptOuts(engine, clock)
    opt_outs.add([PatientKey("default", "PAT-0001"), BEN])

    assert opt_outs.has_opted_out(ADA)
    assert opt_outs.has_opted_out(PatientKey("default", "PAT-0002"))


def test_adding_twice_keeps_the_first_day(engine, clock):
    """Only those that are new are told."""
    opt_outs = SqlOptOuts(engine, clock)
    opt_outs.add([ADA])
    since = clock.now()
    clock.move_on(days=1)

    assert opt_outs.add([ADA, BEN]) == [BEN]
    assert opt_outs.listed() == [OptedOut(ADA, since), OptedOut(BEN, clock.now())]


def test_whoever_is_removed_may_be_looked_at_again(engine, clock):
    """Only those that were on the list, under exactly this issuer, are told."""
    opt_outs = SqlOptOuts(engine, clock)
    opt_outs.add([ADA])

    assert opt_outs.remove([PatientKey("default", "PAT-0001"), BEN]) == []
    assert opt_outs.remove([ADA]) == [ADA]
    assert not opt_outs.has_opted_out(ADA)
