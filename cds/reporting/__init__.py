"""FHIR resources rendered once, at publish."""
