"""What a trace file holds: names, versions, metadata records, and the error that every part of it raises.

A trace is one ``safetensors`` file. Its metadata has one key, `METADATA_KEY`, whose value is a JSON
object::

    {"schema": "lnpu-trace", "version": 1, "kind": "full" | "sample", "columns": null | 16,
     "run": {...},                      what was trained: see `TraceRun`
     "layers": [{"geometry": {...},     the fields of `golden.geometry.ConvGeometry`
                 "steps": ["FP", ...],  the steps that training computes at this layer
                 "tensors": {"x": {"encoding", "shape", "sha256"}, ...},
                 "full": {"x": {"zeros", "non_finite", "sha256"}, ...}}]}

A tensor is stored under ``<layer>/<tensor>``, its histogram under ``<layer>/<tensor>.histogram``. A full
trace stores ``x``, ``w`` and ``delta``; a sample stores ``x``, ``w_fp``, ``w_bp`` and ``delta``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.geometry import ConvGeometry, Step

SCHEMA = "lnpu-trace"
VERSION = 1
METADATA_KEY = "lnpu_trace"
FULL = "full"
SAMPLE = "sample"

OPERANDS = ("x", "w", "delta")
"""The captured tensors of a layer; each has a histogram of the whole tensor."""

LAYER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Layer names become parts of tensor keys, file names and command lines."""

RECAPTURE = "use an intact trace: the sample of this repository, or make one with `nox -s capture`"


class TraceError(Exception):
    """A trace that cannot be read, written or used; the message names file, field and remedy."""

    def __init__(self, path: Path | str, field: str, problem: str, remedy: str = RECAPTURE) -> None:
        super().__init__(f"trace {path}: {field}: {problem}. Remedy: {remedy}.")
        self.path = Path(path)
        self.field = field
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class TraceRun:
    """Where a trace comes from: the training run and the iteration that was captured.

    Attributes
    ----------
    model, dataset : str
        Names of the network and of the data set.
    classes, image_size, batch : int
        Classes of the data set, edge of the square input images, images of an iteration.
    label_smoothing : float
        Share of the target probability that training spread over all classes.
    seed, threads : int
        Master seed of the run, and the CPU threads it used (both decide the bits).
    epoch, iteration : int
        The captured iteration, counted from 1; `epoch` - 1 whole epochs came before it.
    loss : float
        Loss of the captured iteration, before scaling.
    loss_scale : float
        Factor on the loss, and so on every δ.
    accuracy : float
        Test accuracy (0 to 1) of the network that was captured.
    torch_version : str
        PyTorch that trained it.
    updates, total_updates : int or None
        Updates of the weights before the captured iteration, and those of the whole training; None in
        traces of versions that did not record them.
    """

    model: str
    dataset: str
    classes: int
    image_size: int
    batch: int
    seed: int
    threads: int
    epoch: int
    iteration: int
    loss: float
    label_smoothing: float
    loss_scale: float
    accuracy: float
    torch_version: str
    updates: int | None = None
    total_updates: int | None = None

    @property
    def moment(self) -> str:
        """The captured iteration in words."""
        text = f"epoch {self.epoch}, iteration {self.iteration}"
        if self.updates is None or self.total_updates is None:
            return text
        return f"{text} (after {self.updates} of {self.total_updates} updates)"


@dataclass(frozen=True)
class TensorRecord:
    """How one tensor is stored: `encoding` and `shape` (logical), `sha256` of the stored bytes (hex)."""

    encoding: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True)
class FullRecord:
    """A whole captured tensor: zeros (of either sign), infinities and NaNs, and its histogram's SHA-256."""

    zeros: int
    non_finite: int
    sha256: str


@dataclass(frozen=True)
class LayerRecord:
    """The metadata of one layer."""

    geometry: ConvGeometry
    steps: tuple[Step, ...]
    tensors: Mapping[str, TensorRecord]
    full: Mapping[str, FullRecord]


@dataclass(frozen=True)
class TraceHeader:
    """The metadata of a trace; `columns` is None in a full trace, else the columns a sample keeps."""

    kind: str
    columns: int | None
    run: TraceRun
    layers: tuple[LayerRecord, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that a trace file carries."""
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "kind": self.kind,
            "columns": self.columns,
            "run": dataclasses.asdict(self.run),
            "layers": [
                {
                    "geometry": dataclasses.asdict(layer.geometry),
                    "steps": [step.value for step in layer.steps],
                    "tensors": {name: dataclasses.asdict(tensor) for name, tensor in layer.tensors.items()},
                    "full": {name: dataclasses.asdict(whole) for name, whole in layer.full.items()},
                }
                for layer in self.layers
            ],
        }


def tensor_key(layer: str, tensor: str) -> str:
    """Return the name under which `tensor` of `layer` lies in the file."""
    return f"{layer}/{tensor}"


def histogram_key(layer: str, operand: str) -> str:
    """Return the name under which the histogram of the whole `operand` lies in the file."""
    return f"{layer}/{operand}.histogram"


def expected_shapes(geometry: ConvGeometry, columns: int | None) -> dict[str, tuple[int, int, int, int]]:
    """Return the tensors that a layer must store, with their shapes, in file order.

    Parameters
    ----------
    geometry
        The layer, with the batch that the file holds.
    columns
        None for a full trace; else the output columns of each step that a sample keeps.
    """
    shapes = {"x": geometry.x_shape}
    out_channels, in_channels, kernel, _ = geometry.w_shape
    if columns is None:
        shapes["w"] = geometry.w_shape
    else:
        shapes["w_fp"] = (min(columns, out_channels), in_channels, kernel, kernel)
        shapes["w_bp"] = (out_channels, min(columns, in_channels), kernel, kernel)
    shapes["delta"] = geometry.delta_shape
    return shapes


def full_elements(geometry: ConvGeometry, run: TraceRun) -> dict[str, int]:
    """Return the number of elements of each whole operand, as it was captured (batch of the run)."""
    whole = dataclasses.replace(geometry, batch=run.batch)
    shapes = {"x": whole.x_shape, "w": whole.w_shape, "delta": whole.delta_shape}
    return {operand: n * c * h * w for operand, (n, c, h, w) in shapes.items()}
