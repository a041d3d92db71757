"""What the naive twin of a model knows of operations, written down apart from the trace's own lists."""

from __future__ import annotations


class TwinUnknown(Exception):
    """The twin's rules do not say what the terms are."""


ADDITIONS = frozenset({"add", "rsub", "sub"})
BATCH_NORMS = frozenset({"_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "native_batch_norm"})
NORMALIZATIONS = frozenset({"_fused_rms_norm", "native_group_norm", "native_layer_norm"})
WINDOWS = frozenset(
    [
        "_adaptive_avg_pool2d", "_upsample_bicubic2d_aa", "_upsample_bilinear2d_aa", "_upsample_nearest_exact2d",
        "adaptive_max_pool2d", "avg_pool2d", "max_pool2d", "max_pool2d_with_indices", "upsample_bicubic2d",
        "upsample_bilinear2d", "upsample_nearest2d",
    ]
)  # fmt: skip
RENUMBERING = frozenset(
    [
        "_reshape_copy", "_to_copy", "_unsafe_index", "_unsafe_view", "cat", "channel_shuffle", "clone",
        "constant_pad_nd", "contiguous", "copy", "expand_copy", "flip", "gather", "im2col", "index", "index_select",
        "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "reflection_pad2d", "repeat",
        "repeat_interleave", "replication_pad2d", "roll", "slice_scatter", "stack", "view",
    ]
)  # fmt: skip
POINTWISE = frozenset(
    [
        "_prelu_kernel", "dropout", "hardswish", "hardtanh", "log_sigmoid_forward", "prelu", "relu6",
    ]
)  # fmt: skip
