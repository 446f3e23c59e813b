"""Writing of trace files: whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from regressions.traces.layer import LayerTrace
from regressions.traces.packing import PACKED, RAW, encode
from regressions.traces.reader import Trace
from regressions.traces.schema import (
    FULL,
    METADATA_KEY,
    SAMPLE,
    FullRecord,
    LayerRecord,
    TensorRecord,
    TraceError,
    TraceHeader,
    TraceRun,
    histogram_key,
    tensor_key,
)
from regressions.traces.validation import checksum

SAMPLE_COLUMNS = 16
"""Output columns that a sample keeps for each step: what one core computes at once."""

SAMPLE_PIXELS = 256
"""Output pixels that a sample holds at least of each layer, if the batch has as many."""


def write_trace(path: Path, run: TraceRun, layers: Sequence[LayerTrace], encoding: str = RAW) -> None:
    """Write `layers`, in network order, to `path`; what was there is replaced only by a complete file.

    The bytes depend on nothing but the arguments.

    Raises
    ------
    TraceError
        If the file cannot be written (full disk, no such folder, no permission).
    ValueError
        If the layers are not all whole, or not all sliced to the same number of columns.
    """
    columns = {layer.columns for layer in layers}
    if len(columns) != 1:
        raise ValueError(f"a trace holds layers of one kind, these keep {columns} columns")
    kept = columns.pop()
    stored: dict[str, NDArray[Any]] = {}
    records = []
    for layer in layers:
        tensors = {}
        for tensor, bits in layer.tensors.items():
            array = encode(bits, encoding)
            stored[tensor_key(layer.name, tensor)] = array
            tensors[tensor] = TensorRecord(encoding, bits.shape, checksum(array))
        full = {}
        for operand, whole in layer.statistics.items():
            stored[histogram_key(layer.name, operand)] = whole.histogram
            full[operand] = FullRecord(whole.zeros, whole.non_finite, checksum(whole.histogram))
        records.append(LayerRecord(layer.geometry, layer.steps, tensors, full))
    header = TraceHeader(FULL if kept is None else SAMPLE, kept, run, tuple(records))
    _save(path, stored, {METADATA_KEY: json.dumps(header.to_json(), separators=(",", ":"))})


def _save(path: Path, stored: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        save_file(stored, partial, metadata)
        partial.chmod(_default_mode())  # safetensors keeps its files from other users
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        size = sum(array.nbytes for array in stored.values())
        raise TraceError(
            path,
            "file",
            f"cannot be written ({error})",
            f"free {size:,} bytes there, or name another folder that can be written to",
        ) from error


def _default_mode() -> int:
    """Return the permissions that new files have."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def sample_layer(layer: LayerTrace, columns: int = SAMPLE_COLUMNS, pixels: int = SAMPLE_PIXELS) -> LayerTrace:
    """Cut a whole layer down to its first images and the first `columns` of each step.

    Images are kept whole, with all their channels, until they have `pixels` output pixels; so every
    reduction of FP, BP and WG has its full depth over the images that are kept.

    Raises
    ------
    ValueError
        If the layer is a slice already.
    """
    if layer.w is None:
        raise ValueError(f"layer {layer.name} is a slice already")
    whole = layer.geometry
    images = min(whole.batch, -(-pixels // (whole.out_height * whole.out_width)))
    return LayerTrace(
        geometry=dataclasses.replace(whole, batch=images),
        steps=layer.steps,
        x=layer.x[:images],
        delta=layer.delta[:images],
        statistics=layer.statistics,
        w_fp=layer.w[:columns],
        w_bp=layer.w[:, :columns],
        columns=columns,
    )


def write_sample(full: Trace, path: Path, columns: int = SAMPLE_COLUMNS, pixels: int = SAMPLE_PIXELS) -> None:
    """Write the packed sample of a full trace to `path`; see `sample_layer` and `write_trace`."""
    layers = [sample_layer(full.load(name), columns, pixels) for name in full.layers]
    write_trace(path, full.run, layers, PACKED)
