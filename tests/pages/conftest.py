"""Fixtures of the report page."""

import pytest

from tests.support.reading_site import Launching


@pytest.fixture
async def launching():
    """All of it."""
    launching = Launching()
    yield launching
    await launching.browser.aclose()
