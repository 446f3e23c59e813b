"""VGG16 for small images: its 13 convolutions as published, and the classifier that is usual for CIFAR-10.

Simonyan and Zisserman, 2015, configuration D: 3x3 convolutions with ReLU, five times 2x2 max-pooling, no
batch-norm. On 32x32 images one pixel of 512 channels is left, so the three fully connected layers, with
dropout, are 512 wide instead of 4096.
"""

from __future__ import annotations

from torch import Tensor, nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions before each pooling."""
HIDDEN = 512
DROPOUT = 0.5


class Vgg16(nn.Module):
    """VGG16 whose layers are called conv1_1 to conv5_3 and fc6 to fc8, as in the paper's models."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        channels = 3
        for stage, widths in enumerate(STAGES, start=1):
            for place, width in enumerate(widths, start=1):
                layer = nn.Conv2d(channels, width, 3, padding=1)
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
                self.add_module(f"conv{stage}_{place}", layer)
                channels = width
        self.fc6 = nn.Linear(channels, HIDDEN)
        self.fc7 = nn.Linear(HIDDEN, HIDDEN)
        self.fc8 = nn.Linear(HIDDEN, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.to_one_pixel = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, S, S], S at least 32, to class scores [N, num_classes]."""
        for stage, widths in enumerate(STAGES, start=1):
            for place in range(1, len(widths) + 1):
                x = self.get_submodule(f"conv{stage}_{place}")(x).relu()
            x = self.pool(x)
        x = self.to_one_pixel(x).flatten(1)
        x = self.fc6(self.dropout(x)).relu()
        x = self.fc7(self.dropout(x)).relu()
        scores: Tensor = self.fc8(x)
        return scores


def vgg16(num_classes: int) -> nn.Module:
    """Return VGG16, untrained."""
    return Vgg16(num_classes)
