"""Two ways to bother the service in this process: from its OpenAPI document, and from valid calls gone wrong."""

from collections import Counter
from dataclasses import dataclass, field

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.border_checks import Answered, BorderChecks
from tests.support.call_mutations import RawCall, mutated_calls
from tests.support.fakes import FakeChart
from tests.support.hook_calls import FHIR_ID, a_fhir_patient
from tests.support.hook_site import Site, a_site

BASE_URL = "http://testserver"
HOOK = "/cds-services/{service_id}"
FEEDBACK = f"{HOOK}/feedback"
CONFORMANCE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def fuzzed_site() -> Site:
    """A site that has something to show on every hook, and a chart to read."""
    site = a_site(Known(a_result()), show_cards_early=True)
    site.chart = FakeChart({FHIR_ID: a_fhir_patient()})
    return site


@dataclass
class Fuzz:
    """One run; `statuses` counts the answers of each kind of request."""

    seed: int
    site: Site = field(default_factory=fuzzed_site)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._app = self.site.app()
        self._schema = schemathesis.openapi.from_asgi("/openapi.json", self._app)
        self._checks = BorderChecks(self._schema.raw_schema)

    def from_document(self, requests: int) -> None:
        """Schemathesis: requests as the document allows them, and as it does not; most of them hook calls."""
        calls = self._schema[HOOK]["POST"]
        others = [each.ok() for each in self._schema.get_all_operations() if each.ok().label != calls.label]
        share = max(1, requests // 20)
        for operation in others:
            self._run(operation.as_strategy(), share, self._send_case)
        left = requests - share * len(others)
        allowed = calls.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
        self._run(allowed.map(_at_its_own_service), left // 2, self._send_case)
        self._run(calls.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE), left // 2, self._send_case)

    def from_valid_calls(self, requests: int) -> None:
        """Hypothesis: hook calls and feedback of a real shape with a few things wrong."""
        self._run(mutated_calls(), requests, self._send_call)

    def _run(self, strategy, requests: int, send) -> None:
        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=requests,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(strategy)
        def each(request: object) -> None:
            send(request)

        with get_client(self._app) as self._client:
            each()

    def _send_case(self, case: schemathesis.Case) -> None:
        response = case.call(session=self._client)
        self.statuses[f"document {case.method} {case.path}", response.status_code] += 1
        case.validate_response(response, checks=CONFORMANCE)
        headers = {name: ", ".join(values) for name, values in response.headers.items()}
        self._checks.hold(Answered(response.status_code, headers, response.content), case.path, case.method)

    def _send_call(self, call: RawCall) -> None:
        response = self._client.post(BASE_URL + call.path, data=call.body, headers={"Content-Type": call.content_type})
        self.statuses["valid call gone wrong", response.status_code] += 1
        headers = {name.lower(): value for name, value in response.headers.items()}
        route = FEEDBACK if call.path.endswith("/feedback") else HOOK
        self._checks.hold(Answered(response.status_code, headers, response.content), route, "post")


def _at_its_own_service(case: schemathesis.Case) -> schemathesis.Case:
    """Service and hook are drawn apart; a call that names another hook is refused before anything else."""
    case.path_parameters["service_id"] = f"osteocds-{case.body['hook']}"
    return case
