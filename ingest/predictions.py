"""What the model predicts for each image of a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from summit_graph.run import tables


class Predictions:
    """Collects the predictions of one class, batch by batch."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._images: list[str] = []
        self._predicted: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
        self._probability: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]

    def add(self, images: Sequence[str], logits: Tensor) -> None:
        """Takes a batch: the images' names and the model's output (B, K) on the CPU."""
        predicted, probability = predict(logits)
        self._images.extend(images)
        self._predicted.append(predicted.numpy().astype(np.int32))
        self._probability.append(probability.numpy())

    @property
    def images(self) -> int:
        """How many there are."""
        return len(self._images)

    def table(self) -> pa.Table:
        """The class's predictions.parquet."""
        columns = {
            "image": pa.array(self._images, pa.string()),
            "class": pa.array(np.full(self.images, self._number, np.int32)),
            "predicted": pa.array(np.concatenate(self._predicted)),
            "probability": pa.array(np.concatenate(self._probability)),
        }
        return pa.table(columns, schema=tables.PREDICTIONS)


def predict(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The output with the largest softmax, the lower of equal ones, and that softmax.  (B, K) -> (B,), (B,)"""
    # The softmax is monotonous: the logits decide, so that probabilities that round to 1 are no ties.
    largest = logits.max(dim=1, keepdim=True).values
    predicted = (logits == largest).to(torch.uint8).argmax(dim=1)  # (B, K) -> (B,): the first of equal ones
    probability = logits.softmax(dim=1).gather(1, predicted[:, None])[:, 0]  # (B, K) -> (B,)
    return predicted, probability
