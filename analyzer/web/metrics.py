"""What /metrics tells, in Prometheus's text format. No labels that a stranger could make up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_COUNTERS: Final = {
    "uploads_accepted": "Uploads that became a report.",
    "uploads_known": "Uploads whose report was known already.",
    "uploads_refused": "Uploads that were refused.",
    "uploads_cancelled": "Uploads whose sender went away.",
    "upload_bytes": "Bytes of accepted uploads.",
    "reports_done": "Reports that were finished.",
    "reports_failed": "Reports that could not be made.",
    "reports_deleted": "Reports that somebody deleted.",
    "reports_expired": "Reports whose time had come.",
    "workers_died": "Workers that ended without an outcome.",
    "requests_limited": "Requests that were refused because there were too many.",
    "sign_ins_refused": "Requests with a wrong token.",
}


class Metrics:
    """Counters since the start of the service."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._times: Counter[float] = Counter()
        self._seconds = 0.0
        self._observed = 0

    def count(self, name: str, by: int = 1) -> None:
        """One more of a kind in `_COUNTERS`."""
        if name not in _COUNTERS:
            raise KeyError(name)
        self._counts[name] += by

    def status(self, status: int) -> None:
        """A response was sent."""
        self._statuses[status] += 1

    def observe(self, seconds: float) -> None:
        """An analysis was finished."""
        self._seconds += seconds
        self._observed += 1
        for bound in _BUCKETS:
            if seconds <= bound:
                self._times[bound] += 1

    def render(self, gauges: Mapping[str, float]) -> str:
        """The page. gauges: name → value of this moment."""
        lines: list[str] = []
        for name, help in _COUNTERS.items():
            lines += [f"# HELP hangup_{name}_total {help}", f"# TYPE hangup_{name}_total counter"]
            lines.append(f"hangup_{name}_total {self._counts[name]}")
        lines += [
            "# HELP hangup_responses_total Responses by status.",
            "# TYPE hangup_responses_total counter",
        ]
        lines += [
            f'hangup_responses_total{{status="{status}"}} {n}' for status, n in sorted(self._statuses.items())
        ]
        lines += [
            "# HELP hangup_analysis_seconds Time from start to report.",
            "# TYPE hangup_analysis_seconds histogram",
        ]
        lines += [
            f'hangup_analysis_seconds_bucket{{le="{bound:g}"}} {self._times[bound]}' for bound in _BUCKETS
        ]
        lines.append(f'hangup_analysis_seconds_bucket{{le="+Inf"}} {self._observed}')
        lines.append(f"hangup_analysis_seconds_sum {self._seconds:.3f}")
        lines.append(f"hangup_analysis_seconds_count {self._observed}")
        for name, value in gauges.items():
            lines += [f"# TYPE hangup_{name} gauge", f"hangup_{name} {value:g}"]
        return "\n".join(lines) + "\n"
