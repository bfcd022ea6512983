ValueSet: ReadingStatus
Id: reading-status
Title: "Reading status"
Description: "preliminary: measured by software alone; final: a named reader accepted it; corrected: amended after that; entered-in-error: rejected or retracted. Filter by it wherever results are listed."
* http://hl7.org/fhir/observation-status#preliminary
* http://hl7.org/fhir/observation-status#final
* http://hl7.org/fhir/observation-status#corrected
* http://hl7.org/fhir/observation-status#entered-in-error

ValueSet: ReportReadingStatus
Id: report-reading-status
Title: "Reading status of a report"
Description: "As of the Observations; R4 keeps the codes of reports in a code system of their own."
* http://hl7.org/fhir/diagnostic-report-status#preliminary
* http://hl7.org/fhir/diagnostic-report-status#final
* http://hl7.org/fhir/diagnostic-report-status#corrected
* http://hl7.org/fhir/diagnostic-report-status#entered-in-error
