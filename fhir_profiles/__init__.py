"""FHIR profiles: FSH sources, the JSON that follows from them, and what makes one from the other."""
