CodeSystem: OverrideReasonCodes
Id: override-reason
Title: "Why a bone density card was set aside"
Description: "Reasons that a clinician can give in CDS Hooks feedback for not following a card of osteocds."
* ^url = "http://osteocds.org/fhir/CodeSystem/override-reason"
* ^status = #active
* ^experimental = false
* ^caseSensitive = true
* ^content = #complete
* ^valueSet = "http://osteocds.org/fhir/ValueSet/override-reason"
* #dxa-done-or-planned "DXA has been done recently or is planned" "A DXA exists or is planned, here or elsewhere, that the chart may not show."
* #already-treated "Bone density is already being treated" "The patient has a treatment for low bone density that the chart may not show."
* #later "Will be addressed at another visit" "The finding stands and will be taken up at another time or by someone else."
* #not-appropriate "Not appropriate for this patient now" "Following the card would not serve this patient, such as with a short life expectancy."
* #patient-declined "The patient declined" "The patient was asked and does not want it."
* #finding-doubted "The CT finding does not seem reliable" "The clinician doubts the measurement, such as after a look at the images."

ValueSet: OverrideReason
Id: override-reason
Title: "Why a bone density card was set aside"
Description: "Every override reason that a card of osteocds offers."
* ^url = "http://osteocds.org/fhir/ValueSet/override-reason"
* ^status = #active
* ^experimental = false
* include codes from system http://osteocds.org/fhir/CodeSystem/override-reason
