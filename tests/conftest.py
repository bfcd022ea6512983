"""What holds for every test: no deadlines, and logging as it was on import."""

import logging

import hypothesis
import pytest
import structlog

hypothesis.settings.register_profile("osteocds", deadline=None)  # speed is measured in benchmarks, beside a reference
hypothesis.settings.load_profile("osteocds")


@pytest.fixture(autouse=True)
def logging_as_imported():
    """A command sets logging up for its process, on a stream that ends with its test: the next gets a new start."""
    yield
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        if type(handler).__module__ == "cds.cli.logs":
            logging.getLogger().removeHandler(handler)
