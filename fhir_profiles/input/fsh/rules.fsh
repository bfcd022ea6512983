// Shared by the profiles of Observations.

RuleSet: Measured(name, code, unit, cardinality)
* component contains {name} {cardinality}
* component[{name}].code = $measurement#{code}
* component[{name}].value[x] only Quantity
* component[{name}].valueQuantity 1..1
* component[{name}].valueQuantity.value 1..1
* component[{name}].valueQuantity.system 1..1
* component[{name}].valueQuantity.system = $ucum
* component[{name}].valueQuantity.code 1..1
* component[{name}].valueQuantity.code = #{unit}

RuleSet: Coded(name, code, valueset, cardinality)
* component contains {name} {cardinality}
* component[{name}].code = $measurement#{code}
* component[{name}].value[x] only CodeableConcept
* component[{name}].valueCodeableConcept 1..1
* component[{name}].valueCodeableConcept from {valueset} (required)

RuleSet: Said(name, code, cardinality)
* component contains {name} {cardinality}
* component[{name}].code = $measurement#{code}
* component[{name}].value[x] only string
* component[{name}].valueString 1..1

RuleSet: VolumetricDensity(code)
* meta.profile 1..*
* meta.security 1..*
* identifier 1..*
* identifier.system 1..1
* identifier.value 1..1
* status from ReadingStatus (required)
* category[us-core] 1..1
* category[us-core] = $observation-category#imaging
* code = $measurement#{code}
* subject only Reference($us-core-patient)
* effective[x] 1..1
* effective[x] only dateTime
* issued 1..1
* performer only Reference(Practitioner)
* value[x] only Quantity
* valueQuantity.value 1..1
* valueQuantity.system 1..1
* valueQuantity.system = $ucum
* valueQuantity.code 1..1
* valueQuantity.code = #mg/cm3
* interpretation 0..0
* note 1..*
* bodySite 1..1
* bodySite.coding ^slicing.discriminator.type = #value
* bodySite.coding ^slicing.discriminator.path = "system"
* bodySite.coding ^slicing.rules = #open
* bodySite.coding contains level 1..1
* bodySite.coding[level].system 1..1
* bodySite.coding[level].system = "http://osteocds.org/fhir/CodeSystem/vertebral-level"
* bodySite.coding[level] from VertebralLevel (required)
* method from Method (required)
* device 1..1
* device only Reference(AiDevice)
* derivedFrom 1..*
* component ^slicing.discriminator.type = #pattern
* component ^slicing.discriminator.path = "code"
* component ^slicing.rules = #open
* component.code from Measurement (required)
* extension contains Withdrawn named withdrawn 0..1
* obeys ocds-value and ocds-interval and ocds-reader and ocds-not-dxa and ocds-patient and ocds-withdrawn
* insert Measured(low, ci95-low, mg/cm3, 0..1)
* insert Measured(high, ci95-high, mg/cm3, 0..1)
* insert Coded(intervalKind, interval-kind, IntervalKind, 0..1)
* insert Coded(contrast, contrast, ContrastState, 1..1)
* insert Coded(phantomBasis, phantom-basis, PhantomBasis, 0..1)
* insert Coded(scannerCalibration, scanner-calibration, ScannerCalibration, 0..1)
* insert Coded(flag, quality-flag, QualityFlag, 0..*)
* insert Coded(reason, reason, NotAssessableReason, 0..*)
