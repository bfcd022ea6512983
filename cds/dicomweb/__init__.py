"""DICOM and DICOMweb: archives, datasets, assembly into volumes, writing."""
