"""What the service counts, as Prometheus reads it: requests, query times by name, seats, rejections."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUERY_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of query times."""
MEANINGS = {
    "summit_graph_requests_total": "Requests answered, by method, route and status.",
    "summit_graph_rejections_total": "Requests refused: busy, timeout, host, origin, key.",
    "summit_graph_queries_cancelled_total": "Queries stopped because their client went away.",
}
_Labels = tuple[tuple[str, str], ...]


class Metrics:
    """The counts of one process, from its start on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[_Labels, int]] = {name: defaultdict(int) for name in MEANINGS}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, name: str, **labels: str) -> None:
        """One more of what `MEANINGS` names."""
        with self._lock:
            self._counts[name][tuple(labels.items())] += 1

    def observe_query(self, name: str, seconds: float) -> None:
        """A query's time, from the moment it has its seat."""
        with self._lock:
            buckets = self._buckets.setdefault(name, [0] * (len(QUERY_BOUNDS_S) + 1))
            buckets[sum(seconds > bound for bound in QUERY_BOUNDS_S)] += 1
            self._seconds[name] += seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Everything in Prometheus' text format; `gauges` are further values of now, with their meanings."""
        with self._lock:
            lines = [*self._counter_lines(), *self._histogram_lines()]
        for name, (meaning, value) in gauges.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"

    def _counter_lines(self) -> Iterator[str]:
        for name, meaning in MEANINGS.items():
            yield from (f"# HELP {name} {meaning}", f"# TYPE {name} counter")
            for labels, value in sorted(self._counts[name].items()):
                yield f"{name}{_labelled(labels)} {value}"

    def _histogram_lines(self) -> Iterator[str]:
        name = "summit_graph_query_seconds"
        yield from (f"# HELP {name} Time of queries, by name.", f"# TYPE {name} histogram")
        for query, buckets in sorted(self._buckets.items()):
            reached = 0
            for bound, count in zip((*map(str, QUERY_BOUNDS_S), "+Inf"), buckets, strict=True):
                reached += count
                yield f"{name}_bucket{_labelled((('query', query), ('le', bound)))} {reached}"
            yield f"{name}_sum{_labelled((('query', query),))} {self._seconds[query]:.6f}"
            yield f"{name}_count{_labelled((('query', query),))} {reached}"


def _labelled(labels: _Labels) -> str:
    """Label names and values in braces. Values are ours (routes, names of queries), yet quoted as the format asks."""
    quoted = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for _, value in labels)
    pairs = ",".join(f'{name}="{value}"' for (name, _), value in zip(labels, quoted, strict=True))
    return f"{{{pairs}}}" if pairs else ""
