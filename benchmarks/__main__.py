"""`make bench`: every ratio, with the commit and the machine it was measured on."""

from __future__ import annotations

import sys

import torch

from benchmarks import (
    attribution_cost,
    decode_cost,
    explorer_cost,
    ingest_cost,
    load_cost,
    picture_cost,
    query_cost,
    service_cost,
)
from benchmarks.machine import this_machine
from benchmarks.ratio import table

PARTS = (
    ("ingest", ingest_cost.ratios),
    ("decoding", decode_cost.ratios),
    ("pictures", picture_cost.ratios),
    ("attribution graphs", attribution_cost.ratios),
    ("loads", load_cost.ratios),
    ("queries", query_cost.ratios),
    ("explorer", explorer_cost.ratios),
    ("service", service_cost.ratios),
)


def main() -> int:
    """Measure and print; progress goes to stderr."""
    print("\n".join(this_machine().lines()) + f", torch with {torch.get_num_threads()} threads\n", flush=True)
    for title, part in PARTS:
        print(f"measuring: {title} …", file=sys.stderr, flush=True)
        ratios = []
        for ratio in part():
            print(f"  {ratio.value:.2f}  {ratio.measured}", file=sys.stderr, flush=True)
            ratios.append(ratio)
        print(f"{title}\n{table(ratios)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
