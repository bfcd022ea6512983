// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: IntervalKindCodes
Id: interval-kind
Title: "Kind of interval"
Description: "Kind of interval: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #two-sided "Two-sided 95 % interval"
* #upper-estimate "Interval of an upper estimate" "Contrast medium, or the possibility of it, raises the reading: the lower end is widened."

ValueSet: IntervalKind
Id: interval-kind
Title: "Kind of interval"
Description: "All codes of the code system interval-kind."
* ^experimental = false
* include codes from system IntervalKindCodes
