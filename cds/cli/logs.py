"""Every line of the log is one JSON object on standard error, also what libraries have to say.

Libraries may quote patient data in what they log. Those that run the service are named here and speak for
themselves; of all others the line says who, where and how bad, but not what. No line has a traceback's text.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb

import structlog

_MAY_SPEAK = ("uvicorn", "dbos", "alembic", "osteocds")


def send_logs_to_stderr() -> None:
    """Standard output belongs to results; everything else goes to standard error. Called again, changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    root = logging.getLogger()
    if not any(isinstance(each, _OneLine) for each in root.handlers):
        root.addHandler(_OneLine(logging.WARNING))


class _OneLine(logging.Handler):
    """Of the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Looks up standard error each time: tests and supervisors replace it."""
        line = {
            **structlog.contextvars.get_contextvars(),
            "event": record.getMessage() if record.name.split(".")[0] in _MAY_SPEAK else "a library has logged",
            "logger": record.name,
            "where": f"{record.module}:{record.lineno}",
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = extract_tb(error.__traceback__)[-6:]
            line["kind"] = type(error).__name__
            line["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        sys.stderr.write(json.dumps(line) + "\n")
