"""The network to train: this project's ResNet-18, or one that the user names."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from torch import nn

from regressions.capture.errors import CaptureError
from regressions.capture.options import BUILT_IN_MODEL
from regressions.capture.resnet import ResNet18


def build_model(spec: str, num_classes: int, image_size: int) -> nn.Module:
    """Return the network that `spec` names, untrained.

    Parameters
    ----------
    spec
        `BUILT_IN_MODEL`, or ``package.module:callable``; the callable is called with ``num_classes=`` and
        returns an ``nn.Module``. Modules of the current folder are found too.
    num_classes, image_size
        Classes of the data set and edge of its images.

    Raises
    ------
    CaptureError
        If the name has another form, cannot be imported, or does not give an ``nn.Module``.
    """
    if spec == BUILT_IN_MODEL:
        return ResNet18(num_classes, image_size)
    subject = f"--model {spec}"
    module_name, colon, attribute = spec.partition(":")
    if not (module_name and colon and attribute):
        raise CaptureError(
            subject,
            "is not a known model",
            f"name '{BUILT_IN_MODEL}', or one of your own as package.module:callable",
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the user's module may raise anything
        raise CaptureError(
            subject,
            f"cannot import '{module_name}' ({type(error).__name__}: {error})",
            "install the package, or put its folder on PYTHONPATH",
        ) from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise CaptureError(
            subject,
            f"'{module_name}' has no callable '{attribute}'",
            "name a callable that the module defines",
        )
    try:
        model = factory(num_classes=num_classes)
    except Exception as error:
        raise CaptureError(
            subject,
            f"calling it with num_classes={num_classes} failed ({type(error).__name__}: {error})",
            "name a callable that takes num_classes as a keyword and returns the network",
        ) from error
    if not isinstance(model, nn.Module):
        raise CaptureError(
            subject,
            f"returned {type(model).__name__}, not an nn.Module",
            "name a callable that returns the network",
        )
    return model.float()
