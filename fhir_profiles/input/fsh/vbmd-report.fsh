Profile: VbmdReport
Parent: $us-core-report
Id: vbmd-report
Title: "Report of bone density from an earlier CT"
Description: "What was found, in sentences; preliminary until a named reader accepts it."
* meta.profile 1..*
* meta.security 1..*
* identifier 1..*
* status from ReportReadingStatus (required)
* code = $measurement#vbmd-report
* subject only Reference($us-core-patient)
* effective[x] 1..1
* effective[x] only dateTime
* issued 1..1
* performer 0..0
* resultsInterpreter only Reference(Practitioner)
* result 1..*
* result only Reference(PatientVbmd or VertebralVbmd)
* imagingStudy 1..1
* conclusion 1..1
* conclusionCode 0..1
* conclusionCode from DensityCategory (required)
* presentedForm 0..1
* presentedForm.contentType 1..1
* presentedForm.contentType = #text/html
* presentedForm.data 1..1
* presentedForm.size 1..1
* presentedForm.hash 1..1
* extension contains Withdrawn named withdrawn 0..1
* obeys ocds-interpreter and ocds-patient and ocds-withdrawn
