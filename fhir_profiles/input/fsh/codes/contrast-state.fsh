// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: ContrastStateCodes
Id: contrast-state
Title: "Contrast medium in the blood"
Description: "Contrast medium in the blood: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #none "None"
* #enhanced "Contrast-enhanced"
* #unknown "Unknown, taken as enhanced"

ValueSet: ContrastState
Id: contrast-state
Title: "Contrast medium in the blood"
Description: "All codes of the code system contrast-state."
* ^experimental = false
* include codes from system ContrastStateCodes
