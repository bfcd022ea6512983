"""Mirrors cds/cli/logs.py: one JSON object a line, and nothing that a library quotes."""

import json
import logging

import structlog

from cds.cli.logs import send_logs_to_stderr
from cds.trace import following


def lines(capsys):
    """What was written to standard error."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_own_lines_name_the_trace(capsys):
    """Level, time, event; trace and span inside a call."""
    send_logs_to_stderr()
    with following(None) as span:
        structlog.get_logger().info("step done", step="choose")
    (line,) = lines(capsys)

    assert line["event"] == "step done"
    assert (line["trace_id"], line["span_id"]) == (span.trace.trace_id, span.trace.span_id)
    assert {"level", "timestamp"} <= set(line)


def test_a_library_says_who_and_where_but_not_what(capsys):
    """Its message may quote a patient; that of the server is ours to read."""
    send_logs_to_stderr()
    logging.getLogger("nibabel.nicom").warning("invalid value for PN: %s", "DOE^JANE")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    library, server = lines(capsys)

    assert library["event"] == "a library has logged"
    assert library["logger"] == "nibabel.nicom"
    assert library["where"].startswith("test_logs:")
    assert "DOE" not in str(library)
    assert server["event"] == "Invalid HTTP request received."


def test_an_exception_is_told_by_kind_and_place(capsys):
    """Its text may hold anything."""
    send_logs_to_stderr()
    try:
        int("DOE^JANE")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    (line,) = lines(capsys)

    assert line["kind"] == "ValueError"
    assert "test_logs.py" in line["frames"][-1]
    assert "DOE" not in str(line)


def test_setting_it_up_again_changes_nothing(capsys):
    """Commands call commands."""
    send_logs_to_stderr()
    send_logs_to_stderr()
    logging.getLogger("uvicorn").warning("once")

    assert len(lines(capsys)) == 1
