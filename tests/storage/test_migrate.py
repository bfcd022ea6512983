"""Mirrors cds/storage/migrate.py."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from cds.storage.engine import open_engine
from cds.storage.migrate import migrate, newest_revision, revert, revision_of
from cds.storage.schema import metadata


def test_upgrade_makes_the_tables_that_the_code_uses(empty_database):
    """Migrations and `tables.py` describe the same database."""
    migrate(empty_database)

    engine = open_engine(empty_database)
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert difference == []


def test_downgrade_leaves_nothing_behind(empty_database):
    """Down to base removes every table, and up again works."""
    migrate(empty_database)
    revert(empty_database)

    engine = open_engine(empty_database)
    left = set(inspect(engine).get_table_names()) - {"alembic_version"}
    migrate(empty_database)
    reached = revision_of(engine)
    engine.dispose()

    assert left == set()
    assert reached == newest_revision()


def test_migrating_again_changes_nothing(empty_database):
    """Every start migrates; all but the first find nothing to do."""
    migrate(empty_database)
    migrate(empty_database)

    engine = open_engine(empty_database)
    reached = revision_of(engine)
    engine.dispose()

    assert reached == newest_revision()


def test_processes_that_start_together_do_not_collide(empty_database):
    """Of four migrations at once on an empty database, all succeed."""
    with ThreadPoolExecutor(4) as pool:
        for finished in [pool.submit(migrate, empty_database) for _ in range(4)]:
            finished.result()


@pytest.mark.skipif(os.name != "posix", reason="folder modes are POSIX")
def test_the_folder_of_a_new_database_is_private(tmp_path):
    """Results are patient data: nobody else on the machine may read the folder."""
    folder = tmp_path / "new"

    migrate(f"sqlite:///{folder / 'osteocds.db'}")

    assert folder.stat().st_mode & 0o077 == 0
