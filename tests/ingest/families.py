"""The families that are tried, one line each, and how their models are built: random weights, small images."""

from __future__ import annotations

import torch
import torchvision
from torch import Tensor, nn

from tests.ingest.term_sums import lively

QUICK = ("mobilenet_v3_small@32", "resnet18@32", "shufflenet_v2_x0_5@32", "squeezenet1_1@64")
"""NAME@SIZE of image: compared with the naive twin in every run of the tests."""

TORCHVISION = (
    "alexnet@64", "convnext_tiny@32", "densenet121@32", "efficientnet_b0@32", "efficientnet_v2_s@32", "googlenet@64",
    "inception_v3@80", "mnasnet0_5@32", "mobilenet_v2@32", "mobilenet_v3_large@32", "regnet_x_400mf@32",
    "regnet_y_400mf@32", "resnet50@32", "resnext50_32x4d@32", "squeezenet1_0@64", "vgg11@32", "vgg11_bn@32",
    "wide_resnet50_2@32",
)  # fmt: skip
"""One or two of each of torchvision's families: compared with the twin in the long tests."""

TIMM = (
    "timm/convnextv2_atto@64", "timm/cspresnet50@64", "timm/darknet17@64", "timm/densenet121@64", "timm/dla34@64",
    "timm/dpn48b@64", "timm/ecaresnet26t@64", "timm/efficientnet_b0@32", "timm/ese_vovnet19b_slim_dw@64",
    "timm/fastvit_t8@64", "timm/fbnetc_100@32", "timm/gernet_s@32", "timm/ghostnet_050@64", "timm/hardcorenas_a@32",
    "timm/hgnetv2_b0@64", "timm/hrnet_w18_small@64", "timm/inception_next_atto@64", "timm/inception_resnet_v2@80",
    "timm/inception_v4@80", "timm/lcnet_035@64", "timm/legacy_seresnet18@64", "timm/legacy_xception@64",
    "timm/mixnet_s@32", "timm/mnasnet_small@32", "timm/mobilenetv3_small_050@64", "timm/mobilenetv4_conv_small_050@64",
    "timm/mobileone_s0@32", "timm/nf_regnet_b0@32", "timm/nf_resnet26@64", "timm/poolformer_s12@64",
    "timm/regnetx_002@64", "timm/regnety_002@64", "timm/repghostnet_050@64", "timm/repvgg_a0@64",
    "timm/res2net50_14w_8s@32", "timm/resnet18d@64", "timm/resnetblur18@64", "timm/resnetv2_50@32",
    "timm/rexnet_100@32", "timm/seresnet18@64", "timm/tinynet_e@64", "timm/tresnet_m@32", "timm/vovnet39a@32",
    "timm/xception41@32",
)  # fmt: skip
"""timm's, one of each family: compared with the twin in the long tests."""

TIMM_REFUSED = (
    ("timm/botnet26t_256@256", r"operation \w+ in module stages\.\S+ is not understood"),
    ("timm/edgenext_xx_small@64", r"operation \w+ in module stages\.1\.blocks\.1"),
    ("timm/ghostnetv2_100@64", r"operation mul in module blocks\.\S+ multiplies two tensors"),
    ("timm/mambaout_femto@64", r"operation mul in module stages\.\S+ multiplies two tensors"),
    ("timm/pvt_v2_b0@64", r"operation scaled_dot_product_attention in module stages\.\S+ is not understood"),
    ("timm/resnest14d@64", r"operation softmax in module layer\S+\.rsoftmax is not understood"),
    ("timm/selecsls42b@64", r"layer features\.0 \(SelecSlsBlock\) returns a list"),
    ("timm/skresnet18@64", r"operation softmax in module layer\S+\.attn is not understood"),
    ("timm/starnet_s1@64", r"operation mul in module stages\.\S+ multiplies two tensors"),
)
"""Attention, gates over positions, products of two maps: what the refusal says."""

VARIANTS = (
    "convnext_base@32", "convnext_large@32", "convnext_small@32", "densenet161@32", "densenet169@32", "densenet201@32",
    "efficientnet_b1@32", "efficientnet_b2@32", "efficientnet_b3@32", "efficientnet_b4@32", "efficientnet_b5@32",
    "efficientnet_b6@32", "efficientnet_b7@32", "efficientnet_v2_l@32", "efficientnet_v2_m@32", "mnasnet0_75@32",
    "mnasnet1_0@32", "mnasnet1_3@32", "regnet_x_16gf@32", "regnet_x_1_6gf@32", "regnet_x_32gf@32", "regnet_x_3_2gf@32",
    "regnet_x_800mf@32", "regnet_x_8gf@32", "regnet_y_16gf@32", "regnet_y_1_6gf@32", "regnet_y_32gf@32",
    "regnet_y_3_2gf@32", "regnet_y_800mf@32", "regnet_y_8gf@32", "resnet101@32", "resnet152@32", "resnet34@32",
    "resnext101_32x8d@32", "resnext101_64x4d@32", "shufflenet_v2_x1_0@32", "shufflenet_v2_x1_5@32",
    "shufflenet_v2_x2_0@32", "vgg13@32", "vgg13_bn@32", "vgg16@32", "vgg16_bn@32", "vgg19@32", "vgg19_bn@32",
    "wide_resnet101_2@32",
)  # fmt: skip
"""Their other variants: the sums of their terms are proved. regnet_y_128gf is left out: 5 GB of weights in float64."""


def build(name: str, size: int) -> nn.Module:
    """A model of torchvision, or of timm as `timm/NAME`, in float64 with random weights that keep images apart."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if name.startswith("timm/"):
            import timm

            model = timm.create_model(name.removeprefix("timm/"), pretrained=False)
        else:
            options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
            model = torchvision.models.get_model(name, weights=None, **options)
        # Numbers that float32 holds too, so that both precisions run one model.
        return _calibrated(lively(model), torch.randn(16, 3, size, size, dtype=torch.float64)).float().double()


def _calibrated(model: nn.Module, images: Tensor) -> nn.Module:
    """Batch-norms with the statistics of real maps, as training leaves them: else values grow from layer to layer."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train().momentum = None
        norm.reset_running_stats()
    with torch.no_grad():
        model(images)
    return model.eval()


def two_images(size: int) -> Tensor:
    """(2, 3, size, size) float64, of numbers that float32 holds too."""
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1)).double()
