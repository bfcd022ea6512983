// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: DensityCategoryCodes
Id: density-category
Title: "Category of volumetric bone density"
Description: "Category of volumetric bone density: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #osteoporosis-range "Osteoporosis range of quantitative CT" "Below 80 mg/cm3 (ACR QCT); a range, not a diagnosis."
* #low "Low bone density by quantitative CT" "80 to 120 mg/cm3 (ACR QCT)."
* #normal "Normal range of quantitative CT" "Above 120 mg/cm3 (ACR QCT); it rules nothing out."
* #indeterminate "No category possible" "Contrast medium, or an interval too wide to tell."

ValueSet: DensityCategory
Id: density-category
Title: "Category of volumetric bone density"
Description: "All codes of the code system density-category."
* ^experimental = false
* include codes from system DensityCategoryCodes
