"""What each ATen operation does to channels. An operation in none of these lists is refused by name."""

from __future__ import annotations

import torch
from torch.fx import Node

from ingest.trace.arguments import bound
from ingest.trace.program import operation_name

RENUMBERING = frozenset(
    [
        "view",
        "_unsafe_view",
        "reshape",
        "view_as",
        "reshape_as",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "swapaxes",
        "movedim",
        "t",
        "numpy_T",
        "mT",
        "slice",
        "select",
        "narrow",
        "index_select",
        "index",
        "cat",
        "concat",
        "stack",
        "split",
        "split_with_sizes",
        "chunk",
        "tensor_split",
        "unbind",
        "unsqueeze",
        "squeeze",
        "expand",
        "expand_as",
        "flip",
        "roll",
        "repeat",
        "repeat_interleave",
        "unfold",
        "im2col",
        "clone",
        "contiguous",
        "alias",
        "detach",
        "copy",
        "lift_fresh_copy",
        "dropout",
        "feature_dropout",
        "alpha_dropout",
        "pixel_shuffle",
        "pixel_unshuffle",
        "channel_shuffle",
        "native_channel_shuffle",
        "slice_scatter",
        "select_scatter",
        "constant_pad_nd",
        "pad",
        "reflection_pad1d",
        "reflection_pad2d",
        "replication_pad1d",
        "replication_pad2d",
    ]
)
"""They move elements and leave their values: run on addresses as they are."""

WINDOWS = {
    **dict.fromkeys(["max_pool1d", "avg_pool1d", "adaptive_avg_pool1d", "upsample_nearest1d", "upsample_linear1d"], 1),
    **dict.fromkeys(
        [
            "max_pool2d",
            "max_pool2d_with_indices",
            "avg_pool2d",
            "adaptive_avg_pool2d",
            "_adaptive_avg_pool2d",
            "adaptive_max_pool2d",
            "upsample_nearest2d",
            "_upsample_nearest_exact2d",
            "upsample_bilinear2d",
            "_upsample_bilinear2d_aa",
            "upsample_bicubic2d",
            "_upsample_bicubic2d_aa",
        ],
        2,
    ),
    "avg_pool3d": 3,
}
"""Pools and interpolation, with the number of last axes they work over: they act on each channel by itself."""

REDUCTIONS = frozenset(
    ["mean", "sum", "amax", "amin", "max", "min", "std", "var", "var_mean", "linalg_vector_norm", "norm"]
)
"""With axes given: they act on each channel by itself as long as those axes are not the channels."""

NORMALIZATIONS = frozenset(
    [
        "layer_norm",
        "native_layer_norm",
        "group_norm",
        "native_group_norm",
        "instance_norm",
        "rms_norm",
        "_fused_rms_norm",
    ]
)
"""They act on values and change no numbering, though their statistics are taken over several channels."""

BATCH_NORMS = frozenset({"_native_batch_norm_legit_no_training", "_batch_norm_no_update"})
"""Batch-norm with stored statistics; with those of the batch it would make the images depend on each other."""

ADDITIONS = frozenset(["add", "sub", "rsub"])
DIVISIONS = frozenset(["div", "true_divide"])
PRODUCTS = DIVISIONS | {"mul", "neg"}
CONVOLUTIONS = frozenset(["conv2d", "convolution"])
LINEAR = frozenset(["linear", "matmul", "mm", "addmm"])

_POINTWISE_UNMARKED = frozenset(
    [
        "hardswish",
        "prelu",
        "_prelu_kernel",
        "log_sigmoid",
        "_to_copy",
        "to",
        "type_as",
        "relu6",
        "softsign",
        "tanhshrink",
        "hardsigmoid",
        "hardtanh_",
        "hardtanh",
        "where",
    ]
)


def is_pointwise(node: Node) -> bool:
    """Whether each element of the result depends on the elements at its own place alone."""
    tags = getattr(node.target, "tags", ())
    return torch.Tag.pointwise in tags or operation_name(node) in _POINTWISE_UNMARKED


def draws_random_numbers(node: Node) -> bool:
    """Whether its values are others each time it runs: noise, or dropout that is on."""
    if torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
        return False
    defaults = {argument.name: argument.default_value for argument in node.target._schema.arguments}  # type: ignore[union-attr]
    given = {**defaults, **bound(node)}
    # What is random only where it is told to be: dropout, a leaky nonlinearity of a random slope, attention.
    return all(given[name] for name in ("train", "training", "dropout_p") if name in given)
