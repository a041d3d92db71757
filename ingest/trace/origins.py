"""What the walk through a model's operations finds: the tensors that values come from, and what each sum reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor
from torch.fx import Node

from ingest.trace.addresses import Channels


@dataclass(frozen=True)
class Unknown:
    """A value whose channels cannot be followed, and why: the operation and the module it runs in."""

    reason: str


@dataclass(frozen=True)
class Convolution:
    """A convolution, or a linear layer as a 1x1 convolution, as a sum of single-channel terms."""

    x: Node
    """What it reads: (B, I, H, W), or for a linear layer (B, ..., I)."""
    reads: Channels
    """Where each of its I input channels comes from; several may come from one channel (a flattened map)."""
    weight: Tensor
    """(J, I / groups, kernel height, kernel width), or (J, I) of a linear layer."""
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Zeros left, right, above and below, as torch.nn.functional.pad takes them."""
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Side:
    """One side of an addition, in the numbering of the sum's channels."""

    x: Node
    reads: Channels
    factor: float
    """-1 for the right side of a subtraction."""
    shape: tuple[int, ...]
    """Shape of the sum, to which the side is broadcast."""
    maps: Tensor
    """(M, positions of the sum): place in the origin of what is added there, NOTHING where nothing is."""
    map_of: Tensor
    """(C,) which of the maps holds for a channel whose terms join the sum's; NOTHING for one that joins as it is."""


@dataclass
class Origin:
    """A tensor that channels come from: the images, a chosen layer's output, or a sum inside.

    A sum is a convolution, a linear layer or an addition of two values.
    """

    number: int
    kind: str
    """`image`, `layer` or `sum`."""
    node: Node
    channels: int
    axis: int
    spatial: tuple[int, ...]
    complete: int
    """Place in forward order at which its value is complete, batch-norms and scales that fold into it included."""
    layer: str | None = None


@dataclass
class Sum(Origin):
    """A sum of terms; what folds into it scales all terms of a channel."""

    parts: list[Convolution | Side] = field(default_factory=list)
    refusal: Unknown | None = None
    """Why its terms cannot be told apart, if so."""
    scale: Tensor | None = None
    """(C,) float64, the product of the scales folded into it."""
    value: Node | None = None
    """The node that holds its value with everything folded; None if no single node does."""

    folded: Node | None = None
    """The node of the last scale that folded into it."""

    def fold(self, scale: Tensor, node: Node) -> None:
        self.scale = scale if self.scale is None else self.scale * scale
        self.folded = node


@dataclass
class LayerOutput(Origin):
    """A chosen layer's output, and what it is made of."""

    reads: Channels | Unknown = field(default_factory=lambda: Unknown("nothing"))
    """Where its channels come from, before it became an origin itself."""
