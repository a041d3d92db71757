"""Every parameter that decides what a run holds: one dataclass, which feeds the command line and the manifest.

What a top channel, a term, an edge and the importance are is written in docs/definitions.md.
What does not change the result (device, number of workers, quietness) is no parameter of a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from summit_graph.errors import InvalidParameter, SummitError


def _option(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of a run; `metadata["help"]` of a field is its line in `--help` and in the docs' table."""

    layers: tuple[str, ...] = _option(
        (), "Layers to choose: module names or globs; by default those of the model family."
    )
    activation_mass: float = _option(
        0.03, "Share of an image's summed activation that its top channels of a layer hold."
    )
    activation_top: int | None = _option(None, "Instead of a mass: the first K channels with an activation above 0.")
    influence_top: int = _option(5, "How many of the largest terms of a channel count, per image.")
    attribution_mass: float = _option(
        0.075, "Share of a layer's importance that the selected neurons hold, in thousandths."
    )
    exclude: tuple[str, ...] = _option((), "Neurons (LAYER/CHANNEL) left out of every graph.")
    max_in_degree: int = _option(32, "Incoming edges kept per neuron where its layer has no direct channels.")
    damping: float = _option(0.85, "Damping of personalized PageRank.")
    networkx_stop: bool = _option(False, "Stop PageRank by networkx's rule (change < n * 1e-6 from the uniform start).")
    hops: bool = _option(
        True, "--no-hops: leave out the hops, without which `attribute` takes no other cap and no exclusions."
    )
    limit: int | None = _option(None, "At most this many images per class: the first N paths in sorted order.")
    batch_size: int = _option(32, "Images per batch; another size may decide near-ties differently.")
    max_bad: float = _option(0.01, "Share of images that may be unreadable before the ingest stops.")
    model: str = _option("", "The model: a torchvision name, timm/NAME, module:factory or file.py:factory.")
    model_arguments: tuple[tuple[str, str], ...] = _option((), "Arguments of the model's factory, KEY=VALUE.")
    weights: str = _option(
        "default",
        "A weights file, the name of a torchvision weights entry, `default` (the newest of the model's name; a "
        "factory's own), or `none`.",
    )
    preprocess: str = _option("", "torchvision, or FILE.py:function (a PIL image in, a tensor out).")
    resize: int | None = _option(None, "Resize the shorter side to this many pixels.")
    crop: int | None = _option(None, "Crop a centred square of this many pixels.")
    mean: tuple[float, ...] = _option((), "Mean of each colour channel, subtracted after scaling to 0..1.")
    std: tuple[float, ...] = _option((), "Standard deviation of each colour channel, divided by after the mean.")
    accept_labels: bool = _option(False, "Go on although the labels look wrong (accuracy at chance).")

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("activation_mass", self.activation_mass, 0.0, 1.0),
            ("attribution_mass", self.attribution_mass, 0.0, 1.0),
            ("damping", self.damping, 0.0, 1.0),
        ):
            if not low < value <= high:
                raise InvalidParameter(
                    f"--{name.replace('_', '-')} is {value}: give a number above {low:g} and up to {high:g}", name
                )
        if self.damping == 1.0:
            raise InvalidParameter("--damping is 1: give a number above 0 and below 1", "damping")
        if not 0 <= self.max_bad <= 1:
            raise InvalidParameter(f"--max-bad is {self.max_bad}: give a share from 0 to 1", "max_bad")
        for name in ("influence_top", "max_in_degree", "batch_size", "limit", "activation_top", "resize", "crop"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise InvalidParameter(f"--{name.replace('_', '-')} is {number}: give a whole number from 1", name)
        if len(self.mean) != len(self.std):
            raise InvalidParameter("--mean and --std go together, with a number for each colour channel", "mean")
        if abs(self.attribution_thousandths - self.attribution_mass * 1000) > 1e-9:
            raise InvalidParameter(
                f"--attribution-mass is {self.attribution_mass}: give it in whole thousandths, such as 0.075",
                "attribution_mass",
            )

    @property
    def attribution_thousandths(self) -> int:
        """The attribution mass as an integer, so that raising it by 5 thousandths stays exact."""
        return round(self.attribution_mass * 1000)

    def changed(self, **changes: Any) -> Parameters:
        """These parameters with some others; raises SummitError where a value is out of its bounds."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the manifest: tuples become lists."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Parameters:
        """Parameters out of a manifest; unknown keys (a newer version's) are refused by name."""
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(stored) - known)
        if unknown:
            raise SummitError(
                f"the manifest has parameters this version does not know: {', '.join(unknown)}; update summit-graph"
            )
        return cls(**{name: _tupled(value) for name, value in stored.items()})

    def differences(self, other: Parameters) -> list[str]:
        """Names of the parameters in which the two differ."""
        return [entry.name for entry in fields(self) if getattr(self, entry.name) != getattr(other, entry.name)]


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
