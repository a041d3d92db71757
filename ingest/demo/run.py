"""The demo's run: the model is trained, its held-out images are written as files, and both go through the real ingest.

Each step leaves a whole file or folder or nothing, and one that is there is not done again: a demo that was killed goes
on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.demo import LAYERS, images, training
from ingest.pipeline import ingest
from ingest.progress import Progress
from summit_graph.run import Parameters, Run, atomic

RUN = "digits"
"""The run's name in the graph."""


def demo_parameters(weights: Path) -> Parameters:
    """How the demo is ingested.

    The masses are larger than the defaults, which are made for layers of hundreds of channels: of 32 channels one alone
    would reach them.
    """
    return Parameters(
        model="ingest.demo:digits_net",
        weights=str(weights),
        layers=LAYERS,
        mean=(images.MEAN,),
        std=(images.STD,),
        activation_mass=0.2,
        attribution_mass=0.3,
    )


def make_run(directory: Path, say: Callable[[str], None], *, quiet: bool = False) -> Run:
    """Trains, writes the images and ingests them into `directory / "run"`; what is there already is used.

    Raises SummitError where the folder holds a run of something else.
    """
    weights, folder = directory / "digits.pt", directory / "images"
    learned, held_out = images.load_halves()
    if weights.exists():
        say(f"trained already: {weights}")
    else:
        atomic.remove_leftovers(directory)
        say(f"training on {len(learned.labels)} handwritten digits (about 10 s)")
        training.save_weights(training.train(learned, say), weights)
    if images.write_images(folder, held_out):
        say(f"wrote the {len(held_out.labels)} other digits to {folder}")
    else:
        say(f"images are there already: {folder}")
    ingest(demo_parameters(weights), folder, directory / "run", run=RUN, progress=Progress(quiet=quiet))
    return Run.open(directory / "run")
