// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: VertebralLevelCodes
Id: vertebral-level
Title: "Vertebral level"
Description: "Vertebral level: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #T7 "T7 vertebra"
* #T8 "T8 vertebra"
* #T9 "T9 vertebra"
* #T10 "T10 vertebra"
* #T11 "T11 vertebra"
* #T12 "T12 vertebra"
* #L1 "L1 vertebra"
* #L2 "L2 vertebra"
* #L3 "L3 vertebra"
* #L4 "L4 vertebra"
* #L5 "L5 vertebra"
* #lumbar-spine "Lumbar spine" "L1-L2, for which a patient's value always stands."

ValueSet: VertebralLevel
Id: vertebral-level
Title: "Vertebral level"
Description: "All codes of the code system vertebral-level."
* ^experimental = false
* include codes from system VertebralLevelCodes
