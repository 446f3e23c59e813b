"""ResNet-18, of full width (64-128-256-512) or narrower, in the variants for small and for large images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALL_IMAGE = 64
"""Largest image edge that takes the small stem (3x3, stride 1, no pooling), as is usual for CIFAR-10."""

FULL_WIDTH = 64
"""Channels of the first stage; each of the three others has twice as many as the one before."""
_STAGES = 4
_BLOCKS = 2


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a residual path, projected by a 1x1 convolution where shapes change."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Conv2d | None = None
        self.downsample_norm: nn.BatchNorm2d | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.downsample_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map activations [N, in_channels, H, W] to [N, out_channels, H / stride, W / stride]."""
        y = torch.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.downsample is not None and self.downsample_norm is not None:
            x = self.downsample_norm(self.downsample(x))
        return torch.relu(y + x)


class ResNet18(nn.Module):
    """ResNet-18 whose module names are the layer names of a trace.

    Parameters
    ----------
    num_classes
        Outputs of the last layer.
    image_size
        Edge of the images; up to `SMALL_IMAGE` the stem is 3x3 with stride 1 and without pooling, above
        it is 7x7 with stride 2, followed by 3x3 max-pooling with stride 2.
    width
        Channels of the first stage.
    """

    def __init__(self, num_classes: int, image_size: int, width: int = FULL_WIDTH) -> None:
        super().__init__()
        self.pool: nn.Module
        if image_size <= SMALL_IMAGE:
            self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
            self.pool = nn.Identity()
        else:
            self.stem = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
            self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stem_norm = nn.BatchNorm2d(width)
        in_channels = width
        stages = []
        for index in range(_STAGES):
            blocks = []
            channels = width << index
            for block in range(_BLOCKS):
                stride = 2 if index > 0 and block == 0 else 1
                blocks.append(BasicBlock(in_channels, channels, stride))
                in_channels = channels
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(in_channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, S, S] to class scores [N, num_classes]."""
        x = self.pool(torch.relu(self.stem_norm(self.stem(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(x.mean(dim=(2, 3)))
        return scores
