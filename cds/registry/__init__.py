"""FHIR REST for registries: read, search, bulk export; it serves what was stored, and renders nothing."""
