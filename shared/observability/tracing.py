"""Traces by OpenTelemetry, when an exporter is configured by `OTEL_*`; else only the context is carried on.

The context of the present request stands in OpenTelemetry's own context variable, so that `traceparent()`
gives the outbox the right one without being passed anything.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def exporter_configured(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `OTEL_*` asks for traces to be exported."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(environ.get(name) for name in _ENDPOINTS)


def tracer_of(service: str, environ: Mapping[str, str] = os.environ) -> Tracer | None:
    """A tracer that exports over OTLP, or None where no exporter is configured: then nothing is loaded."""
    if not exporter_configured(environ):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = environ.get("OTEL_SERVICE_NAME", f"tocsin-{service}")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("tocsin")


@contextmanager
def request_span(tracer: Tracer | None, name: str, incoming: str | None) -> Iterator[None]:
    """Run a request within its trace: `incoming` is its `traceparent` header."""
    if tracer is None and incoming is None:
        yield
        return
    parent = TraceContextTextMapPropagator().extract({"traceparent": incoming}) if incoming else context.Context()
    if tracer is not None:
        with tracer.start_as_current_span(name, context=parent, kind=SpanKind.SERVER):
            yield
        return
    token = context.attach(parent)
    try:
        yield
    finally:
        context.detach(token)


def name_span(name: str) -> None:
    """Give the present span, if there is one, its final name."""
    trace.get_current_span().update_name(name)


def traceparent() -> str:
    """The present trace as a W3C `traceparent`; outside of any a new one, not sampled."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-00"
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"
