"""Request counts and durations for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from diptych.web.pool import Pool

PATHS = ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics", "/v1/models", "/v1/recipes", "/v1/operators",
         "/v1/enhance", "/v1/preview", "/v1/plan")  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


class Meter:
    """The metrics of one service, in a registry of its own."""

    def __init__(self, pool: Pool) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "path", "status")
        self._requests = Counter("diptych_requests", "Answered requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "diptych_request_seconds",
            "From the request head to the answer.",
            ("path",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        for name, text, read in (
            ("diptych_running", "Pictures in work.", lambda: pool.running),
            ("diptych_waiting", "Accepted requests that wait for a process.", lambda: pool.waiting),
            ("diptych_stopped", "Pictures that were stopped in work.", lambda: pool.stopped),
            ("diptych_held_bytes", "Bytes of bodies and answers.", lambda: pool.places.held),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count an answer; status 0 means that none was sent."""
        # Known names only, or every stray request would add a time series.
        path = scope["path"] if scope["path"] in PATHS else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)
