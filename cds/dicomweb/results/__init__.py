"""Results as DICOM objects beside their images: segmentation, structured report, rejection note.

Only workers and `osteocds assess --seg --sr` import this: highdicom takes half a second to load.
"""
