"""The one outbound FHIR client: origins, limits, tokens."""
