"""The only importer of `models`: segmenter and calibrator behind the ports."""
