Invariant: ocds-value
Description: "Either a value or a reason for having none, never both and never neither."
Severity: #error
Expression: "value.exists() xor dataAbsentReason.exists()"

Invariant: ocds-interval
Description: "No value without both ends of its interval."
Severity: #error
Expression: "value.exists() implies (component.where(code.coding.where(code = 'ci95-low').exists()).exists() and component.where(code.coding.where(code = 'ci95-high').exists()).exists())"

Invariant: ocds-refusal
Description: "Where nothing could be measured, at least one coded reason says why."
Severity: #error
Expression: "dataAbsentReason.exists() implies component.where(code.coding.where(code = 'reason').exists()).exists()"

Invariant: ocds-reader
Description: "Final means that a named reader accepted it; nobody else is named as performer, and software never is."
Severity: #error
Expression: "(status = 'final' or status = 'corrected') = performer.exists()"

Invariant: ocds-interpreter
Description: "Final means that a named reader accepted it; software never interprets."
Severity: #error
Expression: "(status = 'final' or status = 'corrected') = resultsInterpreter.exists()"

Invariant: ocds-not-dxa
Description: "Volumetric CT values stand under no LOINC code: those for bone density mean DXA, another quantity."
Severity: #error
Expression: "code.coding.where(system = 'http://loinc.org').empty() and component.code.coding.where(system = 'http://loinc.org').empty()"

Invariant: ocds-withdrawn
Description: "Whatever is entered in error says why."
Severity: #error
Expression: "status = 'entered-in-error' implies extension.where(url = 'http://osteocds.org/fhir/StructureDefinition/withdrawn').exists()"

Invariant: ocds-named
Description: "A person is named."
Severity: #error
Expression: "display.exists() or reference.exists()"

Invariant: ocds-patient
Description: "The subject is a patient, also where nobody follows the reference."
Severity: #error
Expression: "subject.type = 'Patient' or subject.reference.contains('Patient/')"
