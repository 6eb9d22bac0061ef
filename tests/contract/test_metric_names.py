"""Metric names agree: what the code declares, what the dashboard and the alerts ask for, what the docs tell."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.declared_metrics import declared

DASHBOARD = Path("deploy/grafana/tocsin.json")
ALERTS = Path("deploy/prometheus/alerts.yml")
REFERENCE = Path("docs/reference/metrics.md")
NAME = re.compile(r"\btocsin_[a-z0-9_]+")
SUFFIX = re.compile(r"_(bucket|count|sum)$")
SELECTED = re.compile(r"\b(tocsin_[a-z0-9_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
PROMETHEUS_LABELS = {"le", "job", "instance", "service"}

CONTRACT = {
    "tocsin_escalations_total": "source status",
    "tocsin_routing_decisions_total": "outcome",
    "tocsin_routing_match_total": "dimension result",
    "tocsin_exposure_seconds_total": "tier",
    "tocsin_clock_breaches_total": "clock severity",
    "tocsin_pages_total": "reason urgency",
    "tocsin_page_attempts_total": "channel result",
    "tocsin_duplicates_dropped_total": "topic",
    "tocsin_sequence_gaps_total": "topic",
    "tocsin_dead_letters_total": "topic reason",
    "tocsin_routing_wait_duration_seconds": "",
    "tocsin_breach_detection_duration_seconds": "",
    "tocsin_page_delivery_duration_seconds": "",
    "tocsin_page_acknowledge_duration_seconds": "",
    "tocsin_consumer_process_duration_seconds": "topic",
    "tocsin_http_request_duration_seconds": "method route status",
    "tocsin_cases_open": "severity",
    "tocsin_cases_waiting": "reason",
    "tocsin_specialist_load": "state",
    "tocsin_clocks_open": "kind",
    "tocsin_pages_open": "state",
    "tocsin_on_call_covered": "schedule",
    "tocsin_staffing_gap_hours": "language certification",
    "tocsin_outbox_pending": "",
    "tocsin_outbox_oldest_age_seconds": "",
    "tocsin_caught_up_age_seconds": "topic",
    "tocsin_consumer_lag_records": "topic",
    "tocsin_config_last_reload_successful": "",
    "tocsin_build_info": "version",
}
"""Contract section 9: name and labels."""

BEYOND = {
    "tocsin_audit_unsealed_age_seconds": "",
    "tocsin_consumer_stopped_partitions": "topic",
    "tocsin_dead_letters_open": "",
    "tocsin_parked_events": "",
    "tocsin_channel_circuit_open": "channel",
}
"""What we declare besides."""

LABELS = CONTRACT | BEYOND

CARE = {"tocsin_exposure_seconds_total", "tocsin_staffing_gap_hours"}
"""They come with the exposure ledger and the staffing view."""


def expressions() -> list[str]:
    """Every PromQL expression of the dashboard and the alerts."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    groups = YAML(typ="safe").load(ALERTS)["groups"]
    return asked + [rule["expr"] for group in groups for rule in group["rules"]]


def names(text: str) -> set[str]:
    return {SUFFIX.sub("", name) for name in NAME.findall(text)}


def test_the_code_declares_what_the_contract_names_with_its_labels() -> None:
    found = {name: " ".join(metric.labels) for name, metric in declared().items()}
    assert {name: labels for name, labels in LABELS.items() if name in found} == found
    assert CONTRACT.keys() - found.keys() <= CARE


def test_the_dashboard_and_the_alerts_ask_only_for_what_is_declared() -> None:
    assert {name for text in expressions() for name in names(text)} <= declared().keys()


def test_the_dashboard_shows_every_metric() -> None:
    assert names(DASHBOARD.read_text(encoding="utf-8")) == declared().keys()


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_selects_and_groups_by_labels_that_exist(expression: str) -> None:
    known = {label for name in names(expression) for label in LABELS[name].split()} | PROMETHEUS_LABELS
    for name, selector in SELECTED.findall(expression):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        assert asked <= set(LABELS[SUFFIX.sub("", name)].split()) | PROMETHEUS_LABELS
    for group in GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= known


def test_gauges_of_shared_state_are_not_added_up_over_instances() -> None:
    per_instance = {
        "tocsin_consumer_lag_records",
        "tocsin_consumer_stopped_partitions",
        "tocsin_build_info",
        "tocsin_channel_circuit_open",
    }
    gauges = {name for name, metric in declared().items() if metric.kind == "gauge"} - per_instance
    for expression in expressions():
        for name in names(expression) & gauges:
            assert re.search(rf"\b(max|min)(?: by \([^)]*\))? ?\({name}", expression), expression


def test_the_docs_name_no_other_metric() -> None:
    told = {name for path in Path("docs").rglob("*.md") for name in names(path.read_text(encoding="utf-8"))}
    assert told <= declared().keys()
    assert names(REFERENCE.read_text(encoding="utf-8")) == declared().keys()
