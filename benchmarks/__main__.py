"""`make bench`: every ratio, with the commit and machine it was measured on; `PARTS=pictures` takes some of them."""

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
    ("attribution", attribution_cost.ratios),
    ("loads", load_cost.ratios),
    ("queries", query_cost.ratios),
    ("explorer", explorer_cost.ratios),
    ("service", service_cost.ratios),
)


def main() -> int:
    """Measure and print the parts named on the command line, or all; progress goes to stderr."""
    titles = [title for title, _ in PARTS]
    if unknown := [name for name in sys.argv[1:] if name not in titles]:
        print(f"no part {unknown[0]!r}; the parts are: {'; '.join(titles)}", file=sys.stderr)
        return 2
    print("\n".join(this_machine().lines()) + f", torch with {torch.get_num_threads()} threads\n", flush=True)
    for title, part in PARTS:
        if sys.argv[1:] and title not in sys.argv[1:]:
            continue
        print(f"measuring: {title} …", file=sys.stderr, flush=True)
        ratios = []
        for ratio in part():
            print(f"  {ratio.value:.2f}  {ratio.measured}", file=sys.stderr, flush=True)
            ratios.append(ratio)
        print(f"{title}\n{table(ratios)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
