"""Mirrors tests/benchmarks/hooks/tables.py."""

from tests.benchmarks.hooks.tables import target_lines


def lines_of(p99_ms, wrong, first_s):
    """Which targets are met."""
    results = {
        "measuring-postgresql": {"calls": {"known": {"p99 ms": p99_ms, "wrong": wrong}}},
        "first": {
            "budget 10 s": [{"first": {"card": True, "s": 3.0}}, {"first": {"card": True, "s": first_s}}],
            "default budget": {"first": {"card": False, "s": 0.41}},
        },
    }
    return [line.met for line in target_lines(results)]


def test_each_target_is_held_against_the_worst_of_its_figures():
    """A fast service that gives wrong answers, or one slow first call of several, misses."""
    assert lines_of(50.0, 0, 4.9) == [True, True, None, None, True, True, None]
    assert lines_of(50.1, 1, 5.1) == [False, False, None, None, False, True, None]


def test_what_was_not_measured_is_neither_met_nor_missed():
    """An empty results file."""
    assert {line.met for line in target_lines({})} == {None}
