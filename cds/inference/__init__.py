"""The only importer of what measures in `models`: segmenter and calibrator behind the ports."""
