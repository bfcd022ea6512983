"""Digital patients as CT series with their truth: the only importer of `models.digital_patient`."""
