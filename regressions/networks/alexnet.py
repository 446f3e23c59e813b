"""AlexNet for small images: the variant that is usual for CIFAR-10.

Krizhevsky et al., 2012, with the channels of its one-column form (2014). Only the first convolution differs:
3x3 with stride 2 instead of 11x11 with stride 4 on images of 224x224, which the hardware would not take.
Poolings are 2x2, so that 2x2 pixels of 256 channels are left of 32x32 images. No normalization.
"""

from __future__ import annotations

from torch import Tensor, nn

HIDDEN = 4096
DROPOUT = 0.5
LAST_EDGE = 2


class AlexNet(nn.Module):
    """AlexNet whose layers are called conv1 to conv5 and fc6 to fc8, as in the paper's models."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.fc6 = nn.Linear(256 * LAST_EDGE**2, HIDDEN)
        self.fc7 = nn.Linear(HIDDEN, HIDDEN)
        self.fc8 = nn.Linear(HIDDEN, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.to_last_edge = nn.AdaptiveAvgPool2d(LAST_EDGE)
        self.dropout = nn.Dropout(DROPOUT)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, S, S], S at least 32, to class scores [N, num_classes]."""
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        x = self.conv4(self.conv3(x).relu()).relu()
        x = self.pool(self.conv5(x).relu())
        x = self.to_last_edge(x).flatten(1)
        x = self.fc6(self.dropout(x)).relu()
        x = self.fc7(self.dropout(x)).relu()
        scores: Tensor = self.fc8(x)
        return scores


def alexnet(num_classes: int) -> nn.Module:
    """Return AlexNet, untrained."""
    return AlexNet(num_classes)
