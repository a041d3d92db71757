"""One ingest in a process of its own, and how much its memory grew: GoogLeNet's tables over images that are made up.

`python -m tests.ingest.measured_ingest OUT CLASSES IMAGES_PER_CLASS` prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

DATA = """
import numpy as np
from PIL import Image
from torch.utils.data import Dataset

class Noise(Dataset):
    def __init__(self, classes, each):
        self.targets = np.repeat(np.arange(classes), each)
    def __len__(self):
        return len(self.targets)
    def __getitem__(self, index):
        coarse = np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)
        return Image.fromarray(coarse).resize((32, 32)), int(self.targets[index])

def noise():
    return Noise({classes}, {each})
"""


def measure(out: Path, classes: int, each: int) -> dict[str, float]:
    """Megabytes of resident memory after the first batch, and by how much the peaks after that were above it.

    The peak of each part apart: `classes` (counting, graphs, tables), `embedding`, and `end` (merging the examples,
    the whole run's strips and tables).
    """
    from ingest import whole_run
    from ingest.counting import Counter
    from ingest.pipeline import ingest
    from summit_graph.run import Parameters

    out.mkdir()
    (out / "noise.py").write_text(DATA.replace("{classes}", str(classes)).replace("{each}", str(each)))
    after_first, peaks = list[float](), dict[str, float]()
    add, embed = Counter.add, whole_run.class_embedding  # type: ignore[attr-defined]

    def watched_add(counter: Counter, *arguments: Any) -> Any:
        batch = add(counter, *arguments)
        if not after_first:
            after_first.append(_status_mb("VmRSS"))
            _new_peak()
        return batch

    def watched_embedding(*arguments: Any) -> Any:
        peaks["classes"] = _status_mb("VmHWM")
        _new_peak()
        found = embed(*arguments)
        peaks["embedding"] = _status_mb("VmHWM")
        _new_peak()
        return found

    Counter.add = watched_add  # type: ignore[method-assign, assignment]
    whole_run.class_embedding = watched_embedding  # type: ignore[attr-defined, assignment]
    parameters = Parameters(
        model="googlenet",
        model_arguments=(("init_weights", "false"), ("aux_logits", "false")),
        weights="none",
        resize=32,
        crop=32,
        accept_labels=True,
    )
    summary = ingest(parameters, f"{out}/noise.py:noise", out / "run", workers=0)
    peaks["end"] = _status_mb("VmHWM")
    assert summary.images == classes * each
    print({part: round(seconds) for part, seconds in summary.seconds.items()}, file=sys.stderr)
    return {"after_first_batch": after_first[0], **{part: peak - after_first[0] for part, peak in peaks.items()}}


def _new_peak() -> None:
    """From here on the peak is a new one."""
    Path("/proc/self/clear_refs").write_text("5")


def _status_mb(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    # Freed memory goes back at once and lies in few arenas, so that what is measured is what is held.
    if os.environ.get("MALLOC_ARENA_MAX") != "1":
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.ingest.measured_ingest", *sys.argv[1:]],
            {
                **os.environ,
                # One batch at a time: how two batches' peaks meet would be chance.
                "OMP_NUM_THREADS": "1",
                "MALLOC_ARENA_MAX": "1",
                "MALLOC_TRIM_THRESHOLD_": "65536",
                "MALLOC_MMAP_THRESHOLD_": "65536",
            },
        )
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
