"""Reading of trace files."""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from golden.geometry import ConvGeometry, Step
from regressions.traces.layer import LayerTrace
from regressions.traces.packing import decode
from regressions.traces.schema import (
    LayerRecord,
    TensorRecord,
    TraceError,
    TraceHeader,
    TraceRun,
    histogram_key,
    tensor_key,
)
from regressions.traces.statistics import INFINITY, MAGNITUDE, TensorStatistics
from regressions.traces.validation import TensorFile, check_layout, checksum, read_header


class Trace:
    """A validated trace file; tensors are read layer by layer, when they are asked for.

    Attributes
    ----------
    path : Path
    header : TraceHeader
        All metadata; `run` is its part about the training run.
    """

    def __init__(self, path: Path, header: TraceHeader, file: TensorFile, verified: bool) -> None:
        self.path = path
        self.header = header
        self._file = file
        self._verified = verified
        self._records = {layer.geometry.name: layer for layer in header.layers}

    @classmethod
    def open(cls, path: Path | str, verify: bool = True) -> Trace:
        """Open a trace file and check it.

        Parameters
        ----------
        path
            The file.
        verify
            Check the checksums of all tensors now. Otherwise each is checked when its layer is loaded,
            which suits a process that needs one layer of a large trace.

        Raises
        ------
        TraceError
            If the file cannot be read, is truncated, is no trace, or anything in it is missing,
            superfluous, of another dtype or shape than its geometry says, or damaged.
        """
        path = Path(path)
        if not path.is_file():
            raise TraceError(path, "file", "is a folder" if path.is_dir() else "does not exist")
        try:
            file: TensorFile = safe_open(path, framework="numpy")
        except (OSError, SafetensorError) as error:
            raise TraceError(path, "file", f"is truncated, or no safetensors file ({error})") from error
        header = read_header(path, file.metadata())
        check_layout(path, header, file)
        trace = cls(path, header, file, verified=False)
        if verify:
            for layer in header.layers:
                for tensor in layer.tensors:
                    trace._stored(layer, tensor)
            trace._verified = True
        return trace

    @property
    def run(self) -> TraceRun:
        """The training run and the iteration that was captured."""
        return self.header.run

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of columns, geometries, steps and tensors of all layers: equal for equal operands.

        Neither the file's place nor the training run counts.
        """
        header = self.header.to_json()
        operands = json.dumps([header["columns"], header["layers"]], sort_keys=True)
        return hashlib.sha256(operands.encode()).hexdigest()

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, in network order."""
        return tuple(self._records)

    def geometry(self, name: str) -> ConvGeometry:
        """Return the geometry of a layer, with the batch that the trace holds of it."""
        return self._record(name).geometry

    def steps(self, name: str) -> tuple[Step, ...]:
        """Return the steps that training computes at a layer (no BP where X is the images)."""
        return self._record(name).steps

    def load(self, name: str) -> LayerTrace:
        """Read the tensors of a layer.

        Raises
        ------
        TraceError
            If there is no such layer, its stored bytes are damaged, or a tensor holds NaNs (infinities are
            what overflows in FP16, and are taken).
        """
        layer = self._record(name)
        tensors = {tensor: self._decode(layer, tensor, record) for tensor, record in layer.tensors.items()}
        statistics = {
            operand: TensorStatistics(
                self._file.get_tensor(histogram_key(name, operand)), w.zeros, w.non_finite
            )
            for operand, w in layer.full.items()
        }
        return LayerTrace(
            geometry=layer.geometry,
            steps=layer.steps,
            statistics=statistics,
            columns=self.header.columns,
            **tensors,
        )

    def _record(self, name: str) -> LayerRecord:
        try:
            return self._records[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._records, n=3, cutoff=0.3)
            raise TraceError(
                self.path,
                f"layer '{name}'",
                "is not in the trace",
                f"choose one of {', '.join(near or self._records)}",
            ) from None

    def _stored(self, layer: LayerRecord, tensor: str) -> NDArray[Any]:
        key = tensor_key(layer.geometry.name, tensor)
        stored: NDArray[Any] = self._file.get_tensor(key)
        if not self._verified and checksum(stored) != layer.tensors[tensor].sha256:
            raise TraceError(self.path, key, "does not match its SHA-256: the file is damaged")
        return stored

    def _decode(self, layer: LayerRecord, tensor: str, record: TensorRecord) -> NDArray[np.uint16]:
        key = tensor_key(layer.geometry.name, tensor)
        try:
            bits = decode(self._stored(layer, tensor), record.encoding, record.shape)
        except ValueError as error:
            raise TraceError(self.path, key, str(error)) from error
        if nans := int(np.count_nonzero(bits & MAGNITUDE > INFINITY)):
            raise TraceError(
                self.path,
                key,
                f"holds {nans} NaNs among {bits.size} elements: the training had diverged",
                "capture it again with a lower --learning-rate",
            )
        return bits
