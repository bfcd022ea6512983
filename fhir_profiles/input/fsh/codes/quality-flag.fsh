// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: QualityFlagCodes
Id: quality-flag
Title: "Limitation of a measurement"
Description: "Limitation of a measurement: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #age-unknown "Age unknown" "The patient's age at the scan is unknown; the category assumes 50 years or more."
* #air-offset "Air offset" "Air in the images is off its nominal -1000 HU."
* #arterial-phase "Arterial phase" "The scan was made in an early (arterial) phase of contrast, as the aorta shows."
* #calibrations-differ "Calibrations differ" "Calibrations by different tissues of the patient differ more than usual."
* #contrast-enhanced "Contrast enhanced" "Contrast medium raises the reading: the value is an upper estimate."
* #contrast-unknown "Contrast unknown" "Contrast medium could not be excluded: the value is taken as an upper estimate."
* #focal-low "Focal low" "One vertebra is far less dense than its neighbours: please look at it."
* #fov-cuts-back "Field of view cuts back" "The field of view cuts the muscles of the back."
* #fov-narrow "Field of view narrow" "The field of view shows so little of the body that its size is hardly known."
* #fov-truncated "Field of view truncated" "The body is cut by the field of view, which makes its size uncertain."
* #height-loss-mild "Height loss mild" "A vertebra has lost 20 to 25 % of its height (mild)."
* #height-loss-moderate "Height loss moderate" "A vertebra has lost 25 to 40 % of its height (moderate)."
* #height-loss-severe "Height loss severe" "A vertebra has lost more than 40 % of its height (severe)."
* #identity-unverified "Identity unverified" "Neither birth date nor sex could be compared: the patient is not confirmed."
* #kernel-sharp "Kernel sharp" "The reconstruction kernel is sharp, which adds noise."
* #kvp-uncommon "kVp uncommon" "The tube voltage is outside the usual 80 to 140 kVp."
* #level-ambiguous "Level ambiguous" "The vertebrae may be named one level too high or too low."
* #lossy-compression "Lossy compression" "The images were compressed with loss, which can change Hounsfield units."
* #mirrored "Mirrored" "Organs lie on the unusual side: situs inversus, or images whose left and right are exchanged."
* #near-120 "Near 120" "The interval crosses 120 mg/cm3, the border of the low range."
* #near-80 "Near 80" "The interval crosses 80 mg/cm3, the border of the osteoporosis range."
* #noisy "Noisy" "Image noise widens the interval."
* #roi-small "ROI small" "The measured region of a vertebra is small."
* #scanner-not-calibrated "Scanner not calibrated" "No calibration of this scanner is on file: the interval is wider."
* #single-level "Single level" "Only one vertebra could be measured: the interval is wider."
* #slices-thick "Slices thick" "The slices are thicker than 3 mm."
* #streak "Streak" "Streaks beside dense contrast may lower the reading."
* #streaky "Streaky" "Streaks cross the images beside a vertebra and may change its reading."
* #texture-sharp "Texture sharp" "The noise of the images is that of a sharp reconstruction kernel."
* #thoracic-estimate "Thoracic estimate" "Estimated from thoracic vertebrae: far less certain than L1 and L2."
* #tilted "Tilted" "The slices are tilted against the body axis."
* #tissue-unusual "Tissue unusual" "Fat, muscle or blood reads unusually; it was left out of the calibration."
* #uneven "Uneven" "The vertebrae differ more than usual."

ValueSet: QualityFlag
Id: quality-flag
Title: "Limitation of a measurement"
Description: "All codes of the code system quality-flag."
* ^experimental = false
* include codes from system QualityFlagCodes
