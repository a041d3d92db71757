"""Which model a user's words mean, and whether its weights fit."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from ingest.models import DEFAULT, NONE, argument_value, load_model
from ingest.weights import load_weights, weights_digest
from summit_graph.errors import NotFound, SummitError

FACTORIES = """
import torch
from torch import nn

class Tiny(nn.Module):
    def __init__(self, channels=4, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)
        self.bn = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, classes)

    def forward(self, images):
        return self.head(self.bn(self.conv(images)).amax(dim=(2, 3)))

def tiny(**arguments):
    return Tiny(**arguments)

def dense():
    return nn.Sequential(nn.Flatten(), nn.Linear(3, 2))

def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))

def compiled():
    return torch.compile(Tiny())

def compiled_inside():
    model = nn.Sequential(torch.compile(Tiny()))
    model.compile()
    return model

def scripted():
    return nn.Sequential(nn.Conv2d(3, 4, 3), torch.jit.script(nn.ReLU()))

def no_model():
    return "a model"

def broken():
    raise RuntimeError("the disk is on fire")

number = 3
"""


@pytest.fixture
def factories(tmp_path: Path) -> Path:
    path = tmp_path / "factories.py"
    path.write_text(FACTORIES)
    return path


def tiny(factories: Path) -> nn.Module:
    return load_model(f"{factories}:tiny").module


def test_what_is_compiled_is_taken_as_it_was_before(factories: Path) -> None:
    whole = load_model(f"{factories}:compiled").module
    assert type(whole).__name__ == "Tiny"
    inside = load_model(f"{factories}:compiled_inside").module
    assert [name for name, _ in inside.named_modules()][1:3] == ["0", "0.conv"]
    assert inside._compiled_call_impl is None


def test_torchscript_is_refused_by_the_modules_path(factories: Path) -> None:
    with pytest.raises(SummitError, match=r"module 1 of .*:scripted is TorchScript"):
        load_model(f"{factories}:scripted")


def test_a_factory_in_a_file_is_called_with_the_arguments_in_their_types(factories: Path) -> None:
    loaded = load_model(f"{factories}:tiny", [("channels", "8"), ("classes", "5")])
    assert loaded.name == "tiny"
    assert loaded.module.get_parameter("conv.weight").shape[0] == 8
    assert not loaded.module.training
    assert not any(parameter.requires_grad for parameter in loaded.module.parameters())


def test_a_factory_in_a_module_is_found_where_the_command_runs(
    factories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.rename(factories.with_name("my_cifar_models.py"))
    monkeypatch.chdir(factories.parent)
    assert load_model("my_cifar_models:tiny").name == "tiny"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("False", False), ("none", None), ("3x3", "3x3"), ("1e-3", 0.001)],
)
def test_an_argument_is_read_as_number_truth_value_or_text(text: str, value: object) -> None:
    read = argument_value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("absent.py:tiny", "absent.py does not exist"),
        ("{file}:tinny", "nearest: tiny"),
        ("no_such_package.models:tiny", "no module 'no_such_package.models'"),
        ("{file}:broken", "broken() failed: RuntimeError: the disk is on fire"),
        ("{file}:no_model", "returned str"),
        ("{file}:number", "cannot be called"),
        ("{file}:dense", "has no convolution"),
        ("{file}:", "names no model factory"),
        ("resnet19", "nearest: "),
        ("timm/resnet19", "nearest: timm/"),
        ("vgg", "others are timm/NAME"),
    ],
)
def test_a_model_that_is_not_there_is_one_line_that_says_what_is(factories: Path, reference: str, said: str) -> None:
    with pytest.raises(SummitError) as raised:
        load_model(reference.format(file=factories), weights=NONE)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_lazy_modules_that_have_seen_no_image_are_refused(factories: Path) -> None:
    with pytest.raises(SummitError, match="lazy has lazy modules whose sizes are not known"):
        load_model(f"{factories}:lazy")


def test_an_argument_that_the_factory_does_not_know_is_named(factories: Path) -> None:
    with pytest.raises(SummitError, match="widht"):
        load_model(f"{factories}:tiny", [("widht", "8")])


def test_random_weights_are_the_same_each_time_and_leave_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    digests = {load_model("squeezenet1_1", weights=NONE).weights_digest for _ in range(2)}
    assert len(digests) == 1
    assert torch.equal(torch.rand(3), expected)


def test_a_torchvision_model_knows_its_images_and_its_categories() -> None:
    loaded = load_model("squeezenet1_1", weights=NONE)
    assert loaded.weights == NONE
    assert loaded.categories[0] == "tench"
    assert loaded.preprocess is not None
    assert "centre 224×224" in loaded.preprocess.description


def test_a_timm_model_knows_its_images() -> None:
    pytest.importorskip("timm")
    loaded = load_model("timm/test_resnet", weights=NONE)
    assert loaded.name == "test_resnet"
    assert loaded.preprocess is not None


def test_a_weights_entry_that_torchvision_lacks_names_those_it_has() -> None:
    with pytest.raises(SummitError, match="known: IMAGENET1K_V1"):
        load_model("squeezenet1_1", weights="IMAGENET1K_V7")


@pytest.mark.parametrize("container", ["", "state_dict", "model", "model_ema"])
@pytest.mark.parametrize("prefix", ["", "module.", "net.module."])
def test_a_state_dict_is_found_and_its_prefix_taken_off(
    factories: Path, tmp_path: Path, container: str, prefix: str
) -> None:
    trained = tiny(factories)
    with torch.no_grad():
        trained.get_parameter("conv.weight").fill_(0.25)
    state = {prefix + key: value for key, value in trained.state_dict().items()}
    file = tmp_path / "weights.pth"
    torch.save({container: state, "epoch": 3} if container else state, file)
    loaded = load_model(f"{factories}:tiny", weights=str(file))
    assert loaded.weights_digest == weights_digest(trained)
    assert (repr(container) in loaded.message) == bool(container)
    assert (repr(prefix) in loaded.message) == bool(prefix)


def test_batch_norms_of_an_early_checkpoint_need_no_count_of_batches(factories: Path, tmp_path: Path) -> None:
    state = {key: value for key, value in tiny(factories).state_dict().items() if "num_batches" not in key}
    torch.save(state, tmp_path / "early.pth")
    load_model(f"{factories}:tiny", weights=str(tmp_path / "early.pth"))


def test_the_weights_digest_changes_with_a_value_and_with_a_name(factories: Path) -> None:
    model = tiny(factories)
    before = weights_digest(model)
    assert weights_digest(nn.ModuleDict({"inner": model})) != before
    with torch.no_grad():
        model.get_parameter("bn.bias")[1] += 2**-20
    assert weights_digest(model) != before


def test_weights_that_do_not_fit_are_refused_with_the_keys(factories: Path, tmp_path: Path) -> None:
    model, file = tiny(factories), tmp_path / "weights.pth"
    state = model.state_dict()
    state["neck.weight"] = state.pop("conv.weight")
    torch.save(state, file)
    with pytest.raises(SummitError) as raised:
        load_weights(model, file)
    assert "missing keys: conv.weight" in str(raised.value)
    assert "keys the model has not: neck.weight" in str(raised.value)
    torch.save({**model.state_dict(), "head.bias": torch.zeros(7)}, file)
    with pytest.raises(SummitError, match=r"head\.bias \(7 for 3\)"):
        load_weights(model, file)


class TouchesAFile:
    """Unpickled, it makes the file: code in a weights file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("write", [torch.save, lambda value, file: file.write_bytes(pickle.dumps(value))])
def test_code_in_a_weights_file_is_never_run(factories: Path, tmp_path: Path, write: object) -> None:
    assert callable(write)
    file, traces = tmp_path / "weights.pth", tmp_path / "it-ran"
    write({"state_dict": TouchesAFile(traces)}, file)
    with pytest.raises(SummitError, match="could run code"):
        load_model(f"{factories}:tiny", weights=str(file))
    assert not traces.exists()


@pytest.mark.parametrize("content", [b"", b"these are not weights", b"\x00" * 100, b"PK\x03\x04 torn"])
def test_a_file_that_holds_no_weights_is_one_line(factories: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(content)
    with pytest.raises(SummitError) as raised:
        load_model(f"{factories}:tiny", weights=str(file))
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_checkpoint_without_a_state_dict_says_where_it_was_sought(factories: Path, tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "weights.pth")
    with pytest.raises(SummitError, match="state_dict, model, model_ema"):
        load_model(f"{factories}:tiny", weights=str(tmp_path / "weights.pth"))


def test_a_missing_weights_file_is_named(factories: Path) -> None:
    with pytest.raises(SummitError, match=r"absent\.pth does not exist"):
        load_model(f"{factories}:tiny", weights="absent.pth")


def test_a_factory_s_own_weights_are_kept_by_default(factories: Path) -> None:
    assert load_model(f"{factories}:tiny", weights=DEFAULT).weights == DEFAULT


def test_an_unknown_name_carries_the_nearest_ones() -> None:
    with pytest.raises(NotFound) as raised:
        load_model("googlenett", weights=NONE)
    assert "googlenet" in raised.value.nearest
