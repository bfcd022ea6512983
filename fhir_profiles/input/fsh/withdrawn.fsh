Extension: Withdrawn
Id: withdrawn
Title: "Why it was withdrawn"
Description: "Stands on every Observation and report that is entered in error: why, coded and in words. De-identified copies carry the code alone."
* ^context[0].type = #element
* ^context[0].expression = "Observation"
* ^context[1].type = #element
* ^context[1].expression = "DiagnosticReport"
* value[x] only CodeableConcept
* value[x] 1..1
* valueCodeableConcept from WithdrawalReason (required)
* valueCodeableConcept.coding 1..*
