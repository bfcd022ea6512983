"""What holds for every test: no deadlines, logging as it was on import, what takes long first."""

import logging

import hypothesis
import pytest
import structlog
from xdist.scheduler import LoadFileScheduling

hypothesis.settings.register_profile("osteocds", deadline=None)  # speed is measured in benchmarks, beside a reference
hypothesis.settings.load_profile("osteocds")


def pytest_collection_modifyitems(items):
    """Whole processes first: while one worker waits for them another computes, and nobody waits alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("system") is None)


class FilesTogether(LoadFileScheduling):
    """Each file in one process, as with `--dist loadfile`, and all of `tests/fhir`: validators load for ten seconds."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return "tests/fhir" if file.startswith("tests/fhir/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """For `--dist loadfile`."""
    return FilesTogether(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def logging_as_imported():
    """A command sets logging up for its process, on a stream that ends with its test: the next gets a new start."""
    yield
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        if type(handler).__module__ == "cds.cli.logs":
            logging.getLogger().removeHandler(handler)
