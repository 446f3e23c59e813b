"""A file of CIFAR-10's Python version: a pickle, of which nothing is run but the making of an array.

The originals were written by Python 2 in protocol 2: a dictionary whose keys are byte strings, with ``data``
uint8 [10000, 3072], planes of an image in the order R, G, B, and ``labels``, a list of whole numbers.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regressions.capture.errors import CaptureError

PIXELS = 3 * 32 * 32

_REMEDY = "unpack the archive 'CIFAR-10 python version' again"
_RECONSTRUCT = np.empty(0).__reduce__()[0]
"""What a pickle of an array calls; numpy's name of its module has changed."""
_MAY_BE_CALLED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles plain values and arrays; whatever else a pickle names is refused."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _MAY_BE_CALLED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which CIFAR-10 does not") from None


def read_batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read one file; return its pixels uint8 [N, 3072] and labels int64[N], their range not yet checked.

    Raises
    ------
    CaptureError
        If the file cannot be read, is no such pickle, or a field is missing or of another kind.
    """
    content = _unpickle(path)
    if not isinstance(content, dict):
        raise CaptureError(str(path), f"holds a {type(content).__name__}, not a dictionary", _REMEDY)
    data, labels = (content.get(name.encode(), content.get(name)) for name in ("data", "labels"))
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2:
        raise CaptureError(str(path), f"field data is {_kind(data)}, must be uint8 [N, {PIXELS}]", _REMEDY)
    if data.shape[1] != PIXELS or not len(data):
        raise CaptureError(
            str(path), f"field data is {_kind(data)}, must be uint8 [N, {PIXELS}] with N above 0", _REMEDY
        )
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise CaptureError(
            str(path), f"field labels is {_kind(labels)}, must be a list of whole numbers", _REMEDY
        )
    if len(labels) != len(data):
        raise CaptureError(
            str(path), f"field labels has {len(labels)} entries for {len(data)} images in data", _REMEDY
        )
    # Clipped, for what is far out of range need not fit: the caller's check finds it.
    return np.ascontiguousarray(data), np.array([max(-1, min(label, 255)) for label in labels], np.int64)


def _unpickle(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return _ArrayUnpickler(file, encoding="bytes").load()
    except OSError as error:
        raise CaptureError(str(path), f"cannot be read ({error.strerror})", _REMEDY) from error
    except Exception as error:  # damaged pickles raise nearly anything
        raise CaptureError(
            str(path), f"is no file of CIFAR-10's Python version ({error or type(error).__name__})", _REMEDY
        ) from error


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    return "missing" if value is None else f"a {type(value).__name__}"
