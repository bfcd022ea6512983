Profile: AiDevice
Parent: Device
Id: ai-device
Title: "AI software that measured"
Description: "The software, exactly enough to find every result that one version made."
* meta.profile 1..*
* identifier 1..1
* status 1..1
* deviceName 1..1
* type 1..1
* type = $dcm#123110
* version 1..*
* version.type 1..1
* serialNumber 0..0
* patient 0..0
