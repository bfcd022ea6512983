// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: MeasurementCodes
Id: measurement
Title: "Measurements and statements about vertebral bone density"
Description: "Measurements and statements about vertebral bone density: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #patient-vbmd "Trabecular vBMD of the spine by CT"
* #level-vbmd "Trabecular vBMD of one vertebra by CT"
* #vbmd-report "Bone density from an earlier CT"
* #ci95-low "95 % interval, lower end"
* #ci95-high "95 % interval, upper end"
* #interval-kind "Kind of interval"
* #category "Category by quantitative CT thresholds"
* #probability-osteoporosis-range "Probability that a reference QCT would read below 80 mg/cm3"
* #z-score "vBMD Z-score"
* #population "Reference population"
* #phantom-basis "Phantom material that the value is stated for"
* #contrast "Contrast medium in the blood"
* #scanner-calibration "How the scanner's HU scale is known"
* #kvp "Tube voltage"
* #slice-thickness "Slice thickness"
* #scanner-model "Scanner"
* #model-version "Model and calibration that measured it"
* #quality-flag "Limitation of the measurement"
* #reason "Why it could not be assessed, or was not used"
* #hu "Mean CT number of the trabecular region"
* #hu-sd "Standard deviation of CT numbers in the trabecular region"
* #roi-volume "Volume of the trabecular region"
* #estimated-from "Vertebra that the value was estimated from"
* #used "Counts for the patient's value"
* #height-loss "Loss of vertebral height"

ValueSet: Measurement
Id: measurement
Title: "Measurements and statements about vertebral bone density"
Description: "All codes of the code system measurement."
* ^experimental = false
* include codes from system MeasurementCodes
