"""Trace context: carried on from the caller, made anew without one; exported only where that is configured."""

import re

from shared.observability.tracing import exporter_configured, request_span, traceparent, tracer_of

INCOMING = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_callers_trace_goes_on_into_the_outbox() -> None:
    with request_span(None, "POST /v1/escalations", INCOMING):
        assert traceparent() == INCOMING


def test_without_a_caller_a_trace_begins_that_is_not_sampled() -> None:
    first, second = traceparent(), traceparent()

    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", first)
    assert first != second


def test_a_header_that_is_no_trace_is_passed_over() -> None:
    with request_span(None, "GET /", "nonsense"):
        assert traceparent().endswith("-00")


def test_nothing_is_exported_unless_an_endpoint_is_named() -> None:
    assert tracer_of("intake", {}) is None
    assert not exporter_configured({"OTEL_SERVICE_NAME": "x"})
    assert not exporter_configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"})
    assert exporter_configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
