// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: PhantomBasisCodes
Id: phantom-basis
Title: "Phantom material that a density is stated for"
Description: "Phantom material that a density is stated for: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #K2HPO4 "Dipotassium hydrogen phosphate"

ValueSet: PhantomBasis
Id: phantom-basis
Title: "Phantom material that a density is stated for"
Description: "All codes of the code system phantom-basis."
* ^experimental = false
* include codes from system PhantomBasisCodes
