// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: ScannerCalibrationCodes
Id: scanner-calibration
Title: "How the HU scale of a scanner is known"
Description: "How the HU scale of a scanner is known: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #site "Calibrated on site"
* #documented "Filtration documented"
* #unknown "Not known"

ValueSet: ScannerCalibration
Id: scanner-calibration
Title: "How the HU scale of a scanner is known"
Description: "All codes of the code system scanner-calibration."
* ^experimental = false
* include codes from system ScannerCalibrationCodes
