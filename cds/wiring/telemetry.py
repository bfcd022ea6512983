"""Whether steps are recorded as spans, and where they go."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Literal

import structlog

from cds.telemetry.environment import asked_for, obstacle


@contextmanager
def sending_spans(process: Literal["web", "worker"], environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """While the process works. What stands in the way is told by the log, and keeps nobody from working."""
    with ExitStack() as stack:
        if asked_for(environment):
            why = obstacle(environment) or _begin(process, stack)
            if why is not None:
                structlog.get_logger("osteocds.telemetry").warning("spans-not-sent", why=why)
        yield


def _begin(process: str, stack: ExitStack) -> str | None:
    """Why it cannot."""
    try:
        from cds.telemetry.sending import sending_to_collector
    except ModuleNotFoundError:
        return "OpenTelemetry is not installed: pip install 'osteocds[otel]'"
    try:
        stack.enter_context(sending_to_collector(process))
    except ValueError:
        return "a variable OTEL_* has a value that cannot be read"
    return None
