"""A site that a registry pulls from; SQLite, unless a test asks for both databases."""

import pytest

from tests.support.registry_site import RegistrySite


@pytest.fixture
def a_registry_site(tmp_path):
    """Builds a site; its database is closed at the end."""
    sites = []

    def build(**facts):
        site = RegistrySite(tmp_path / "site", f"sqlite:///{tmp_path / 'registry.db'}", **facts)
        sites.append(site)
        return site

    yield build
    for site in sites:
        site.engine.dispose()
