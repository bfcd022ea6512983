"""What every test leaves behind for the next one: logging as it was on import."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_imported():
    """A command sets logging up for its process, on a stream that ends with its test: the next gets a new start."""
    yield
    structlog.reset_defaults()
