"""Training the demo's classifier: seeded, so that the same machine gives the same weights, in seconds on two cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.demo.images import Digits
from ingest.demo.model import DigitsNet, digits_net
from summit_graph.run import atomic

SEED = 20
EPOCHS = 12
BATCH_SIZE = 32
LEARNING_RATE = 0.01
LARGEST_SHIFT = 2
"""Pixels by which a training image is moved at most, each way: the half of the data alone is little."""


def train(digits: Digits, progress: Callable[[str], None] | None = None) -> DigitsNet:
    """A trained model in evaluation mode; torch's random state and number of threads are left as they were found."""
    say = progress or (lambda line: None)
    images, labels = digits.tensors()
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(SEED)
        model = digits_net().train()
        steps = EPOCHS * -(-len(labels) // BATCH_SIZE)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
        for epoch in range(EPOCHS):
            loss_sum = 0.0
            for batch in torch.split(torch.randperm(len(labels)), BATCH_SIZE):
                loss = F.cross_entropy(model(_shifted(images[batch])), labels[batch])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                schedule.step()
                loss_sum += loss.item() * len(batch)
            say(f"epoch {epoch + 1} of {EPOCHS}: loss {loss_sum / len(labels):.3f}")
    return model.eval()


def accuracy(model: nn.Module, digits: Digits) -> float:
    """Share of the images that the model gets right."""
    images, labels = digits.tensors()
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).to(torch.float64).mean())


def save_weights(model: nn.Module, path: Path) -> None:
    """Writes the model's state dict, whole or not at all."""
    with atomic.replacing(path) as temporary:
        torch.save(model.state_dict(), temporary)


@contextmanager
def _one_thread() -> Iterator[None]:
    """More threads would sum in another order, and the weights depend on the number of cores; they save no time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _shifted(images: Tensor) -> Tensor:
    """Each image (B, 1, H, W) moved by up to LARGEST_SHIFT pixels each way; what comes in is the border's black."""
    size = images.shape[-1]
    padded = F.pad(images, [LARGEST_SHIFT] * 4, mode="replicate")
    offsets = torch.randint(0, 2 * LARGEST_SHIFT + 1, (len(images), 2)).tolist()
    moved = [image[:, y : y + size, x : x + size] for image, (y, x) in zip(padded, offsets, strict=True)]
    return torch.stack(moved)
