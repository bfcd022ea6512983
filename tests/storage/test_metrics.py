"""Mirrors cds/storage/metrics.py: what the application tables say of the errand that goes round."""

from datetime import timedelta

from cds.ports import MetricSample
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.metrics import SqlStanding
from cds.storage.opt_outs import SqlOptOuts
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result

OLDEST = MetricSample("osteocds_reconfirm_oldest_seconds", ())


def test_the_lag_is_that_of_the_shown_result_that_was_asked_about_longest_ago(engine, clock):
    """Withdrawn ones, and those of whoever has opted out, are not asked about; without results there is none."""
    store, confirmations, standing = (
        each(engine, clock) for each in (SqlAssessmentStore, SqlConfirmations, SqlStanding)
    )
    none_yet = standing.samples()[OLDEST]
    for number in range(4):
        patient = a_patient(a_key(f"PAT-{number}"))
        store.keep(a_result(patient, result_id=f"result-{number}", measured_at=MEASURED_AT), b"{}")
        confirmations.held(f"result-{number}", clock.now() - timedelta(days=9 - number))
    store.withdraw("result-0", "gone")
    SqlOptOuts(engine, clock).add([a_key("PAT-1")])
    behind = standing.samples()[OLDEST]
    confirmations.held("result-2", clock.now())

    assert none_yet == 0
    assert behind == timedelta(days=7).total_seconds()
    assert standing.samples()[OLDEST] == timedelta(days=6).total_seconds()
