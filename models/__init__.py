"""Networks and calibration tables: arrays and plain numbers in and out; nothing of `cds`."""
