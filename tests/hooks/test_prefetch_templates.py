import re

import pytest

from cds.hooks.chart_codes import PREGNANCY_STATUS, T_SCORES
from cds.hooks.prefetch_templates import prefetch_for, queries_for

HOOKS = ("order-select", "order-sign", "order-dispatch", "patient-view", "encounter-start")
CONTEXT = {
    "order-select": {"userId", "patientId", "encounterId", "selections", "draftOrders"},
    "order-sign": {"userId", "patientId", "encounterId", "draftOrders"},
    "order-dispatch": {"patientId", "dispatchedOrders", "performer", "fulfillmentTasks"},
    "patient-view": {"userId", "patientId", "encounterId"},
    "encounter-start": {"userId", "patientId", "encounterId"},
}
PARAMETERS = {
    "Condition": {"patient", "category", "_count"},
    "MedicationRequest": {"patient", "intent", "status", "_count"},
    "Observation": {"patient", "code", "_count"},
    "DiagnosticReport": {"patient", "code", "_count"},
    "ServiceRequest": {"patient", "status", "_count"},
    "Procedure": {"patient", "_count"},
}
"""Combinations that US Core 7.0 servers answer."""


@pytest.mark.parametrize("hook", HOOKS)
def test_templates_are_in_the_portable_subset(hook):
    """Reads by id and type-level searches by token equality; no chains, modifiers or includes."""
    for template in prefetch_for(hook).values():
        read = re.fullmatch(r"[A-Z][A-Za-z]+/\{\{context\.\w+\}\}", template)
        kind, _, query = template.partition("?")
        names = [each.partition("=")[0] for each in query.split("&")] if query else []
        assert read or (set(names) == PARAMETERS[kind] and len(names) == len(set(names)))
        assert not re.search(r"[:|\s]", template.replace("{{context.", ""))


@pytest.mark.parametrize("hook", HOOKS)
def test_tokens_are_fields_of_the_hook_s_own_context(hook):
    """A client can fill in every token that it is asked to."""
    tokens = {token for template in prefetch_for(hook).values() for token in re.findall(r"\{\{(.*?)\}\}", template)}

    assert tokens <= {f"context.{field}" for field in CONTEXT[hook]}


def test_there_are_few():
    """Each query costs the EHR at every call."""
    assert {len(prefetch_for(hook)) for hook in HOOKS} == {7, 8}


def test_observations_are_asked_for_by_the_codes_that_are_read():
    """Every T-score code, the pregnancy status, and our own code are in the query."""
    codes = set(re.findall(r"[\w-]+", prefetch_for("order-sign")["observations"].split("code=")[1].split("&")[0]))

    read = {code for _, code in T_SCORES.codes | PREGNANCY_STATUS.codes}
    assert codes >= read | {"patient-vbmd"}


def test_queries_have_their_tokens_filled_in():
    """The id goes in; what needs an encounter is left out where the call has none."""
    filled = queries_for("order-sign", {"patientId": "77", "encounterId": None})

    assert filled["patient"] == "Patient/77"
    assert filled["conditions"].startswith("Condition?patient=77&")
    assert set(filled) == set(prefetch_for("order-sign")) - {"encounter"}
    assert queries_for("order-sign", {"patientId": "77", "encounterId": "e1"})["encounter"] == "Encounter/e1"
    assert not [query for query in filled.values() if "{" in query]
