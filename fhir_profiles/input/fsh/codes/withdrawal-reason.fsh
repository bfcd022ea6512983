// Written by `make profiles` from cds/reporting/terminology.py: edit there.
CodeSystem: WithdrawalReasonCodes
Id: withdrawal-reason
Title: "Why a result was withdrawn"
Description: "Why a result was withdrawn: every code that osteocds emits."
* ^caseSensitive = true
* ^experimental = false
* #wrong-patient "Images of another patient"
* #wrong-level "Vertebrae named wrongly"
* #wrong-value "Wrong value"
* #recalled-version "Version that measured it recalled"
* #recalled-scanner "Calibration of the scanner recalled"
* #rejected-by-reader "Rejected by a reader"
* #no-longer-confirmed "No longer confirmed by the imaging archive"

ValueSet: WithdrawalReason
Id: withdrawal-reason
Title: "Why a result was withdrawn"
Description: "All codes of the code system withdrawal-reason."
* ^experimental = false
* include codes from system WithdrawalReasonCodes
