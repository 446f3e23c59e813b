"""Narrow ResNet-18s that differ in batch-norm alone, to measure what it does to the errors δ."""

from __future__ import annotations

import torch
from torch import nn

from regressions.capture.resnet import SMALL_IMAGE, BasicBlock, ResNet18

WIDTH = 16


def resnet18_narrow(num_classes: int) -> nn.Module:
    """Return ResNet-18 for small images, a quarter as wide as usual, untrained."""
    return ResNet18(num_classes, SMALL_IMAGE, WIDTH)


def resnet18_without_norm(num_classes: int) -> nn.Module:
    """Return the same without any batch-norm.

    What batch-norm does for the size of activations at the start is done once: the second convolution of each
    of the n residual branches begins 1/sqrt(n) smaller, as sums grow by one branch a block.
    """
    model = ResNet18(num_classes, SMALL_IMAGE, WIDTH)
    blocks = [module for module in model.modules() if isinstance(module, BasicBlock)]
    for block in blocks:
        with torch.no_grad():
            block.conv2.weight.mul_(len(blocks) ** -0.5)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return model
