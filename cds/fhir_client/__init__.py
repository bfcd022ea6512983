"""The one outbound FHIR client: chart reads from allowed origins."""
