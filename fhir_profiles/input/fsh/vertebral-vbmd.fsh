Profile: VertebralVbmd
Parent: $us-core-result
Id: vertebral-vbmd
Title: "Vertebral vBMD by CT"
Description: "Trabecular HU and volumetric bone density of one vertebra, measured on a CT without a phantom; used for the patient's value or not."
* insert VolumetricDensity(level-vbmd)
* valueQuantity 1..1
* derivedFrom only Reference(ImagingStudy)
* component[intervalKind] 1..1
* insert Measured(hu, hu, [hnsf'U], 1..1)
* insert Measured(huSd, hu-sd, [hnsf'U], 1..1)
* insert Measured(roi, roi-volume, cm3, 1..1)
* insert Measured(heightLoss, height-loss, %, 0..1)
* component contains used 1..1
* component[used].code = $measurement#used
* component[used].value[x] only boolean
* component[used].valueBoolean 1..1
