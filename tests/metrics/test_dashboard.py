"""docker/grafana/osteocds.json: every number it asks for is one that we tell, by a label that it has."""

import json
import re
from pathlib import Path

import pytest

from cds.metrics.catalogue import METRICS, OUTCOMES, QUEUE_ORDERS, QUEUE_STATES, SCREENINGS

DASHBOARD = json.loads((Path(__file__).parents[2] / "docker/grafana/osteocds.json").read_text())
SERIES = {
    f"{metric.name}{suffix}": metric
    for metric in METRICS.values()
    for suffix in {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[metric.kind]
}
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_metric_of_the_dashboard_exists():
    """Exactly these names, suffix included."""
    asked = {name for expression in EXPRESSIONS for name in re.findall(r"osteocds_\w+", expression)}

    assert asked <= set(SERIES)


def test_every_metric_that_we_tell_is_on_the_dashboard():
    """None is exported for nobody."""
    asked = {SERIES[name].name for expression in EXPRESSIONS for name in re.findall(r"osteocds_\w+", expression)}

    assert asked == set(METRICS)


def test_every_label_of_the_dashboard_is_one_of_its_metrics():
    """In legends, groupings and conditions."""
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            known = {label for name in re.findall(r"osteocds_\w+", target["expr"]) for label in SERIES[name].labels}
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            used |= set(re.findall(r"\{(\w+)(?:=|!=)", target["expr"]))
            used |= {each for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for each in by.split(", ")} - {"le"}

            assert used <= known, panel["title"]


@pytest.mark.parametrize(("label", "known"), [("state", QUEUE_STATES), ("outcome", OUTCOMES)])
def test_every_value_that_the_dashboard_asks_for_is_one_that_we_tell(label, known):
    """Else a panel stays empty for ever."""
    asked = [
        value
        for expression in EXPRESSIONS
        if QUEUE_ORDERS.name in expression or SCREENINGS.name in expression
        for values in re.findall(label + r'[=!]~?"([^"]*)"', expression)
        for value in values.split("|")
    ]

    assert set(asked) <= set(known)


def test_panels_do_not_overlap_and_ids_are_unique():
    """Grafana would move them about."""
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
