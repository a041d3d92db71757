"""The source of a model of three small layers, with variants of it, as a user would write it."""

MODEL = """
import torch
from torch import nn

class Tiny(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU())
        self.third = nn.Sequential(nn.Conv2d(8, 7, 1), nn.ReLU())
        self.head = nn.Linear(7, classes)

    def forward(self, images):
        return self.head(self.third(self.second(self.first(images))).amax(dim=(2, 3)))

def tiny(classes=3):
    torch.manual_seed(3)
    return Tiny(classes)

def infinite():
    model = tiny()
    with torch.no_grad():
        model.second[0].weight[2] = 3e38
    return model

def overflowing():
    model = infinite()
    with torch.no_grad():
        model.first[0].bias.zero_()
    return model
"""
