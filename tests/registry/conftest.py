"""A site that a registry pulls from; SQLite, unless a test asks for both databases."""

import pytest

from cds.storage.migrate import migrate
from tests.support.databases import a_database_with
from tests.support.registry_site import RegistrySite


@pytest.fixture
def a_registry_site(tmp_path):
    """Builds a site; its database is closed at the end."""
    sites = []
    with a_database_with(migrate, "sqlite", tmp_path) as url:

        def build(**facts):
            site = RegistrySite(tmp_path / "site", url, **facts)
            sites.append(site)
            return site

        yield build
    for site in sites:
        site.engine.dispose()
