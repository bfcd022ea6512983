"""Mirrors cds/wiring/reconfirming.py: the errand is there unless the site has turned it off."""

import pytest

from cds.dicomweb.folder import FolderArchive
from cds.durable.database import prepare_queue_database
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.wiring.reconfirming import reconfirming_errands
from tests.support.clock import SettableClock


@pytest.mark.parametrize(("every_days", "errands"), [(7, 1), (0, 0)])
def test_zero_days_turn_it_off(tmp_path, every_days, errands):
    """Made on real databases, it looks once without a fault."""
    settings = Settings(data_dir=tmp_path, reconfirm_every_days=every_days)
    migrate(settings.app_database_url)
    prepare_queue_database(settings.durable_database_url)
    engine = open_engine(settings.app_database_url)
    made = reconfirming_errands(settings, FolderArchive(tmp_path), engine, SettableClock(), "generation")
    for errand in made:
        errand()
    engine.dispose()

    assert len(made) == errands
