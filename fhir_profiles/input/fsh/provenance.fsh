Profile: AiProvenance
Parent: Provenance
Id: ai-provenance
Title: "Asserted by an algorithm"
Description: "An algorithm asserted the targets, from the study named as source."
* meta.profile 1..*
* target only Reference(PatientVbmd or VertebralVbmd or VbmdReport)
* reason ^slicing.discriminator.type = #pattern
* reason ^slicing.discriminator.path = "$this"
* reason ^slicing.rules = #open
* reason contains ai 1..1
* reason[ai] = $observation-value#AIAST
* agent 1..1
* agent.type 1..1
* agent.type = $participant#assembler
* agent.who only Reference(AiDevice)
* entity 1..1
* entity.role = #source
* entity.what only Reference(ImagingStudy)

Profile: ReviewProvenance
Parent: Provenance
Id: review-provenance
Title: "Read by a person"
Description: "Who read the targets, when, and whether they were accepted or rejected."
* meta.profile 1..*
* target only Reference(PatientVbmd or VertebralVbmd or VbmdReport)
* activity 1..1
* activity.text 1..1
* agent 1..1
* agent.type 1..1
* agent.type = $participant#verifier
* agent.who only Reference(Practitioner)
* agent.who obeys ocds-named
