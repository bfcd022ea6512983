"""Mirrors cds/storage/resource_queries.py: what is found, for whom, and page by page."""

from datetime import date, timedelta

import pytest

from cds.reporting.bundle import FhirPublisher
from cds.resource import Coded, Interval, OneOf, Reach, ResourceSearch, Sort, Token, Within, position_of
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.registry_tables import group_members
from cds.storage.resource_queries import SqlResources
from tests.support.assessments import a_key, a_patient, a_result, an_assessment, scanned_on

EVERYONE = Reach("default")
MEASUREMENT = "http://osteocds.org/fhir/CodeSystem/measurement"


@pytest.fixture
def store(engine, clock):
    """Five patients, scanned on five days, of which the last has the lowest value."""
    store = SqlAssessmentStore(engine, clock)
    for number in range(5):
        assessment = scanned_on(date(2025, 9, 10 + number), an_assessment(vbmd_mg_cm3=100.0 - number))
        keep(store, number, assessment)
        clock.move_on(seconds=1)
    return store


def keep(store, number, assessment=None, **key):
    """Keep the result of one patient."""
    result = a_result(a_patient(a_key(f"P{number}", **key)), assessment, result_id=f"result-{number}")
    store.keep(result, FhirPublisher("Investigational.").render(result))


@pytest.fixture
def found(engine, store):
    """The store to ask."""
    del store
    return SqlResources(engine)


PATIENT_LEVEL = Coded("codes", (Token(MEASUREMENT, "patient-vbmd"),))


def search(found, *criteria, kind="Observation", reach=EVERYONE, **how):
    """A search as of now."""
    return ResourceSearch(type=kind, reach=reach, as_of=found.last_moment(), criteria=criteria, **how)


CRITERIA = (
    ((), 20),
    ((PATIENT_LEVEL,), 5),
    ((Coded("codes", (Token(None, "patient-vbmd"), Token(None, "level-vbmd"))),), 20),
    ((Coded("codes", (Token(MEASUREMENT, None),)),), 20),
    ((Coded("codes", (Token("http://loinc.org", None),)),), 0),
    ((Coded("codes", (Token(None, "vbmd"),)),), 0),
    ((Coded("codes", (Token(None, "%"),)),), 0),
    ((Coded("codes", (Token("", "patient-vbmd"),)),), 0),
    ((Coded("identifier", (Token(None, "result-3"),)),), 1),
    ((OneOf("status", ("preliminary", "final")),), 20),
    ((OneOf("status", ("final",)),), 0),
    ((OneOf("patient_id", ("P2",)),), 4),
    ((OneOf("patient_id", ()),), 0),
    ((PATIENT_LEVEL, Within("effective", (Interval(date(2025, 9, 11), date(2025, 9, 13)),))), 2),
    ((PATIENT_LEVEL, Within("value", (Interval(None, 97.0), Interval(100.0, None)))), 2),
    ((Within("last_updated", ()),), 0),
)
"""Criteria, and how many of the twenty Observations they hold of."""


def test_a_search_finds_what_all_criteria_hold_of(found):
    """Counted, and given out."""
    for criteria, count in CRITERIA:
        asked = search(found, *criteria)

        assert (criteria, found.count(asked)) == (criteria, count)
        assert len(found.search(asked, 100)) == count


@pytest.mark.parametrize("sort", [Sort(), Sort("effective"), Sort(descending=True), Sort("effective", descending=True)])
def test_pages_hold_each_resource_once_while_others_write(found, store, clock, sort):
    """As things stood at the first page, in order, whatever is stored or withdrawn meanwhile."""
    early, late = (0, 2**50) if sort.field == "last_updated" else (date(2025, 9, 1), date(2025, 9, 30))
    asked = search(found, Within(sort.field, (Interval(early, late), Interval(None, early))), sort=sort)
    whole = [(each.id, each.version) for each in found.search(asked, 100)]

    seen, after, number = [], None, 10
    while page := found.search(search_after(asked, after), 3):
        seen += [(each.id, each.version) for each in page]
        after = position_of(page[-1], sort)
        clock.move_on(seconds=1)
        number += 1
        keep(store, number)
        store.withdraw("result-0", "the study is gone")

    assert seen == whole
    assert len({each for each, _ in seen}) == 20


def search_after(asked, after):
    """The next page of a search."""
    return ResourceSearch(
        type=asked.type,
        reach=asked.reach,
        as_of=asked.as_of,
        criteria=asked.criteria,
        sort=asked.sort,
        after=after,
    )


def test_whoever_asks_again_from_the_last_moment_misses_nothing(found, store):
    """What is stored later is later, even within the same millisecond."""
    moment = found.last_moment()
    keep(store, 7)

    new = found.search(search(found, Within("last_updated", (Interval(moment + 1, None),))), 100)
    assert len(new) == 4


def test_opted_out_patients_are_not_there(found, engine, clock):
    """Not in searches, counts, reads or includes; an issuer unknown on one side is the same."""
    (one,) = found.search(search(found, OneOf("patient_id", ("P1",)), PATIENT_LEVEL), 9)
    before = clock.now()
    SqlOptOuts(engine, clock).add([a_key("P1", issuer=None)])

    assert found.count(search(found)) == 16
    assert found.read(EVERYONE, "Observation", one.id) is None
    assert found.read(EVERYONE, "Observation", one.id, 1) is None
    assert found.pick(EVERYONE, found.last_moment(), [("Observation", one.id), ("Patient", one.patient)]) == []
    assert found.opted_out_since("default", before)
    assert not found.opted_out_since("default", before + timedelta(seconds=1))
    assert not found.opted_out_since("elsewhere", before)


def test_a_caller_sees_its_tenant_and_its_groups(found, engine):
    """And the Device, which is nobody's."""
    with engine.begin() as connection:
        row = {"group_name": "a/b", "tenant": "default", "patient_id": "P2", "issuer": "HOSPITAL"}
        connection.execute(group_members.insert(), row)
    group = Reach("default", ("a/b",))

    assert found.count(search(found, reach=group)) == 4
    assert found.count(search(found, kind="Device", reach=group)) == 1
    assert found.count(search(found, reach=Reach("default", ()))) == 0
    assert found.count(search(found, reach=Reach("elsewhere"))) == 0


def test_versions_are_read_by_number(found, store):
    """The current one, the one before, and none that never was."""
    (one,) = found.search(search(found, OneOf("patient_id", ("P0",)), PATIENT_LEVEL), 9)
    store.withdraw("result-0", "the study is gone")

    assert found.read(EVERYONE, "Observation", one.id).version == 2
    assert found.read(EVERYONE, "Observation", one.id, 1) == one
    assert found.read(EVERYONE, "Observation", one.id, 3) is None
    assert found.read(EVERYONE, "DiagnosticReport", one.id) is None


def test_resources_are_picked_as_they_stood(found, store):
    """What a page refers to belongs to the same moment."""
    (one,) = found.search(search(found, OneOf("patient_id", ("P0",)), PATIENT_LEVEL), 9)
    moment = found.last_moment()
    store.withdraw("result-0", "the study is gone")

    picked = found.pick(EVERYONE, moment, [("Observation", one.id), ("Patient", one.patient), ("Patient", "no")])

    assert [(each.type, each.version) for each in picked] == [("Observation", 1), ("Patient", 1)]
