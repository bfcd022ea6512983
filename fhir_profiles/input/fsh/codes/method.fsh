// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: MethodCodes
Id: method
Title: "How HU become density"
Description: "How HU become density: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #phantomless-hu-calibration "Phantomless HU calibration" "Slope from physics by tube voltage and body size, offset from the patient's own tissues."

ValueSet: Method
Id: method
Title: "How HU become density"
Description: "All codes of the code system method."
* ^experimental = false
* include codes from system MethodCodes
