"""The whole schema, for whoever compares or changes it."""

from cds.storage import registry_tables, tables  # noqa: F401 - importing them fills the metadata
from cds.storage.metadata import metadata

__all__ = ["metadata"]
