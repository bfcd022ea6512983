"""Revisions of the application tables, run by `cds.storage.migrate`."""
