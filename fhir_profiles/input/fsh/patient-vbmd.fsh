Profile: PatientVbmd
Parent: $us-core-result
Id: patient-vbmd
Title: "Patient vBMD assessment by CT"
Description: "The density that counts for the patient, with category, probability and Z-score beside it; or why the CT could not be assessed, so that denominators are true."
* insert VolumetricDensity(patient-vbmd)
* obeys ocds-refusal
* derivedFrom only Reference(ImagingStudy or VertebralVbmd)
* insert Coded(category, category, DensityCategory, 0..1)
* insert Measured(probability, probability-osteoporosis-range, 1, 0..1)
* insert Measured(zScore, z-score, {Z-score}, 0..1)
* insert Said(population, population, 0..1)
* insert Coded(estimatedFrom, estimated-from, VertebralLevel, 0..*)
* insert Measured(heightLoss, height-loss, %, 0..*)
* insert Measured(kvp, kvp, kV, 0..1)
* insert Measured(sliceThickness, slice-thickness, mm, 0..1)
* insert Said(scannerModel, scanner-model, 0..1)
* insert Said(modelVersion, model-version, 1..1)
