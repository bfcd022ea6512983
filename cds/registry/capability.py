"""What the registry API can do, as its CapabilityStatement and its SMART configuration say."""

from collections.abc import Mapping

import cds
from cds.registry.notifications import TOPIC
from cds.registry.search_parameters import INCLUDES
from cds.resource import ACCEPTED_TYPE, SEARCHED_TYPES, SERVED_TYPES

_BULK = "http://hl7.org/fhir/uv/bulkdata"
_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "_id": ("token", "http://hl7.org/fhir/SearchParameter/Resource-id"),
    "_lastUpdated": ("date", "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated"),
    "patient": ("reference", "http://hl7.org/fhir/SearchParameter/clinical-patient"),
    "identifier": ("token", "http://hl7.org/fhir/SearchParameter/clinical-identifier"),
    "code": ("token", "http://hl7.org/fhir/SearchParameter/clinical-code"),
    "date": ("date", "http://hl7.org/fhir/SearchParameter/clinical-date"),
    "category": ("token", "http://hl7.org/fhir/SearchParameter/{type}-category"),
    "status": ("token", "http://hl7.org/fhir/SearchParameter/{type}-status"),
    "subject": ("reference", "http://hl7.org/fhir/SearchParameter/{type}-subject"),
}
_VALUE = {
    "name": "value-quantity",
    "definition": "http://hl7.org/fhir/SearchParameter/Observation-value-quantity",
    "type": "quantity",
}


def capability_statement(base_url: str, *, accepts: bool = False) -> dict[str, object]:
    """For `GET /fhir/metadata`, which needs no token. `accepts`: a registry may set reports final."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "software": {"name": "osteocds", "version": cds.__version__},
        "implementation": {"description": "Bone density from CT, for registries", "url": base_url},
        "instantiates": [f"{_BULK}/CapabilityStatement/bulk-data"],
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": _security(base_url),
                "resource": [
                    *(_resource(kind, accepts=accepts and kind == ACCEPTED_TYPE) for kind in SERVED_TYPES),
                    _group(),
                    _subscription(),
                ],
                "operation": [_export("OperationDefinition/export")],
            }
        ],
    }


def smart_configuration(base_url: str, *, accepts: bool = False) -> dict[str, object]:
    """For `GET /fhir/.well-known/smart-configuration`, which needs no token."""
    update = [f"system/{ACCEPTED_TYPE}.u", f"system/{ACCEPTED_TYPE}.write"] if accepts else []
    reading = [scope for kind in SERVED_TYPES for scope in (f"system/{kind}.rs", f"system/{kind}.read")]
    return {
        "token_endpoint": f"{base_url}/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": [*reading, *update],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def _security(base_url: str) -> dict[str, object]:
    oauth = {
        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": [{"url": "token", "valueUri": f"{base_url}/token"}],
    }
    system = "http://terminology.hl7.org/CodeSystem/restful-security-service"
    return {"extension": [oauth], "service": [{"coding": [{"system": system, "code": "SMART-on-FHIR"}]}]}


def _resource(kind: str, *, accepts: bool) -> dict[str, object]:
    codes = ["read", "vread", *(["search-type"] if kind in SEARCHED_TYPES else []), *(["update"] if accepts else [])]
    readable: dict[str, object] = {
        "type": kind,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned-update" if accepts else "versioned",
        "readHistory": True,
    }
    if kind in SEARCHED_TYPES:
        readable["searchInclude"] = [f"{kind}:{name}" for name in sorted(INCLUDES[kind])]
        readable["searchParam"] = _search_parameters(kind)
    if kind == "Patient":
        readable["operation"] = [_export("OperationDefinition/patient-export")]
    return readable


def _group() -> dict[str, object]:
    return {"type": "Group", "operation": [_export("OperationDefinition/group-export")]}


def _subscription() -> dict[str, object]:
    topics = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
    return {
        "extension": [{"url": topics, "valueCanonical": TOPIC}],
        "type": "Subscription",
        "interaction": [{"code": code} for code in ("create", "read", "delete")],
    }


def _search_parameters(kind: str) -> list[dict[str, str]]:
    common = [
        {"name": name, "definition": definition.format(type=kind), "type": of}
        for name, (of, definition) in _PARAMETERS.items()
    ]
    return [*common, _VALUE] if kind == "Observation" else common


def _export(definition: str) -> dict[str, str]:
    return {"name": "export", "definition": f"{_BULK}/{definition}"}
