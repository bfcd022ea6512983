"""Mirrors cds/wiring/reading.py: web processes leave to workers exactly the places that workers tell."""

import pytest

from cds.dicomweb.archive import open_archive
from cds.result_places import place_names
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.engine import open_engine
from cds.wiring.clock import SystemClock
from cds.wiring.reading import reading_ports
from cds.wiring.retracting import retracting
from tests.support.hook_site import some_settings

LAUNCH = '[[ehr]]\nname = "north"\niss = "https://ehr.test/r4"\nclient_id = "osteocds"\n'
SERVER = "https://pacs.example.org/dicom-web"


@pytest.mark.parametrize(
    ("archive", "is_server"),
    [
        ({"archive_folder": "."}, False),
        ({"archive_folder": None, "archive_url": SERVER}, True),
    ],
    ids=["a folder", "a server"],
)
async def test_a_retraction_from_the_page_waits_for_the_places_that_workers_know(tmp_path, archive, is_server):
    """Another name would wait for ever; a place without a name would never be told."""
    launch = tmp_path / "launch.toml"
    launch.write_text(LAUNCH)
    settings = some_settings(data_dir=tmp_path, launch_file=launch, **archive)
    clock, engine = SystemClock(), open_engine(settings.app_database_url)

    ports, close = reading_ports(settings, engine, SqlAssessmentStore(engine, clock), SqlAuditLog(engine, clock), clock)
    left_to_workers = [place.name for place in ports.decisions.retracting.places]
    told_by_workers = [place.name for place in retracting(settings, open_archive(settings), engine, clock).places]
    await close()
    engine.dispose()

    assert left_to_workers == told_by_workers == list(place_names(archive_is_a_server=is_server))
