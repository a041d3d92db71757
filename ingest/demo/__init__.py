"""A small real classifier of handwritten digits on real images, so that everything can be tried without other data."""

from ingest.demo.model import LAYERS, DigitsNet, digits_net

__all__ = ["LAYERS", "DigitsNet", "digits_net"]
