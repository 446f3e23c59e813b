"""Checks of a trace file: its metadata, the stored arrays against the geometry, and their checksums."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from golden.fgmp import BINS
from golden.geometry import ConvGeometry, GeometryError, Step
from regressions.traces.packing import ENCODINGS, PACKED
from regressions.traces.schema import (
    FULL,
    LAYER_NAME,
    METADATA_KEY,
    OPERANDS,
    SAMPLE,
    SCHEMA,
    VERSION,
    FullRecord,
    LayerRecord,
    TensorRecord,
    TraceError,
    TraceHeader,
    TraceRun,
    expected_shapes,
    full_elements,
    histogram_key,
    tensor_key,
)

_STEPS = ((Step.FP, Step.BP, Step.WG), (Step.FP, Step.WG))
_NUMBERS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "str": (str,),
}


def checksum(stored: NDArray[Any]) -> str:
    """Return the SHA-256 (hex) of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(stored).reshape(-1).view(np.uint8).data).hexdigest()


class _Slice(Protocol):
    def get_shape(self) -> list[int]: ...
    def get_dtype(self) -> str: ...


class TensorFile(Protocol):
    """What is used of an open safetensors file."""

    def keys(self) -> list[str]:
        """Return the names of the stored arrays."""
        ...

    def metadata(self) -> dict[str, str] | None:
        """Return the file's metadata."""
        ...

    def get_tensor(self, name: str) -> Any:
        """Read an array."""
        ...

    def get_slice(self, name: str) -> _Slice:
        """Return an array's type and shape without reading it."""
        ...


class _Fields:
    """A JSON object whose members are taken by name and type; `where` is its place, for messages."""

    def __init__(self, path: Path, where: str, value: object) -> None:
        self.path = path
        self.where = where
        if not isinstance(value, dict):
            raise TraceError(path, where, f"is {type(value).__name__}, must be an object")
        self.value: dict[str, Any] = value

    def place(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str, *kinds: type) -> Any:
        if name not in self.value:
            raise TraceError(self.path, self.place(name), "is missing")
        member = self.value[name]
        if not isinstance(member, kinds) or (isinstance(member, bool) and bool not in kinds):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            raise TraceError(self.path, self.place(name), f"is {member!r}, must be {wanted}")
        return member

    def take_object(self, name: str) -> _Fields:
        return _Fields(self.path, self.place(name), self.take(name, dict))

    def take_fields(self, kind: type) -> dict[str, Any]:
        """Take every field of a dataclass of numbers and strings; those with a default may be missing."""
        return {
            field.name: self.take(field.name, *_NUMBERS[str(field.type)])
            for field in dataclasses.fields(kind)
            if field.name in self.value or field.default is dataclasses.MISSING
        }


def read_header(path: Path, metadata: Mapping[str, str] | None) -> TraceHeader:
    """Return the header that a file's metadata holds.

    Raises
    ------
    TraceError
        If the file is no trace, is of another version, or a field is missing, of another type or out
        of range.
    """
    if not metadata or METADATA_KEY not in metadata:
        raise TraceError(
            path, f"metadata '{METADATA_KEY}'", "is missing: a safetensors file, but not a trace"
        )
    try:
        root = _Fields(path, "", json.loads(metadata[METADATA_KEY]))
    except json.JSONDecodeError as error:
        raise TraceError(path, f"metadata '{METADATA_KEY}'", f"is not JSON ({error})") from error
    if (schema := root.take("schema", str)) != SCHEMA:
        raise TraceError(path, "schema", f"is '{schema}', must be '{SCHEMA}'")
    if (version := root.take("version", int)) != VERSION:
        raise TraceError(
            path,
            "version",
            f"is {version}, this program reads {VERSION}",
            "capture it again with `nox -s capture` of this version",
        )
    kind = root.take("kind", str)
    columns = root.take("columns", int, type(None))
    if kind not in (FULL, SAMPLE):
        raise TraceError(path, "kind", f"is '{kind}', must be '{FULL}' or '{SAMPLE}'")
    if (kind == FULL) != (columns is None) or (columns is not None and columns < 1):
        raise TraceError(path, "columns", f"is {columns} in a {kind} trace")
    run = TraceRun(**root.take_object("run").take_fields(TraceRun))
    _check_moment(path, run)
    layers = [
        _read_layer(_Fields(path, f"layers[{index}]", value), run, columns)
        for index, value in enumerate(root.take("layers", list))
    ]
    names = [layer.geometry.name for layer in layers]
    if not names:
        raise TraceError(path, "layers", "is empty")
    for name in names:
        if names.count(name) > 1:
            raise TraceError(path, "layers", f"names '{name}' twice")
    return TraceHeader(kind, columns, run, tuple(layers))


def _check_moment(path: Path, run: TraceRun) -> None:
    """Check that the captured iteration can be one of a training."""
    for name, number in (("epoch", run.epoch), ("iteration", run.iteration)):
        if number < 1:
            raise TraceError(path, f"run.{name}", f"is {number}, must be 1 or more")
    updates, total = run.updates, run.total_updates
    if (updates is None) != (total is None):
        missing = "updates" if updates is None else "total_updates"
        raise TraceError(path, f"run.{missing}", "is missing beside its fellow")
    if updates is not None and total is not None and not 0 <= updates <= total:
        raise TraceError(path, "run.updates", f"is {updates}, must lie in 0..{total} (total_updates)")


def _read_layer(fields: _Fields, run: TraceRun, columns: int | None) -> LayerRecord:
    path = fields.path
    shape = fields.take_object("geometry")
    try:
        geometry = ConvGeometry(**shape.take_fields(ConvGeometry))
    except GeometryError as error:
        raise TraceError(path, shape.where, f"lies outside the hardware contract ({error})") from error
    name = geometry.name
    if not LAYER_NAME.fullmatch(name):
        raise TraceError(path, shape.place("name"), f"is {name!r}, must be letters, digits, '_', '.' and '-'")
    if geometry.batch > run.batch or (columns is None and geometry.batch != run.batch):
        raise TraceError(path, f"{name}.batch", f"is {geometry.batch}, the captured batch is {run.batch}")
    try:
        steps = tuple(Step(step) for step in fields.take("steps", list))
    except ValueError:
        steps = ()
    if steps not in _STEPS:
        raise TraceError(path, f"{name}.steps", f"is {fields.value['steps']}, must be FP, WG or FP, BP, WG")
    expected = expected_shapes(geometry, columns)
    stored = fields.take_object("tensors")
    tensors = {
        tensor: _read_tensor(stored.take_object(tensor), name, expected[tensor]) for tensor in expected
    }
    if extra := sorted(stored.value.keys() - expected.keys()):
        raise TraceError(
            path, f"{name}.tensors", f"names {', '.join(extra)}, which such a trace does not hold"
        )
    whole = fields.take_object("full")
    full = {operand: FullRecord(**whole.take_object(operand).take_fields(FullRecord)) for operand in OPERANDS}
    return LayerRecord(geometry, steps, tensors, full)


def _read_tensor(fields: _Fields, layer: str, expected: tuple[int, ...]) -> TensorRecord:
    tensor = fields.where.rsplit(".", 1)[1]
    encoding = fields.take("encoding", str)
    if encoding not in ENCODINGS:
        raise TraceError(
            fields.path,
            f"{layer}/{tensor}.encoding",
            f"is '{encoding}', must be one of {', '.join(ENCODINGS)}",
        )
    shape = fields.take("shape", list)
    if tuple(shape) != expected:
        raise TraceError(
            fields.path, f"{layer}/{tensor}.shape", f"is {shape}, the layer's geometry says {list(expected)}"
        )
    return TensorRecord(encoding, expected, fields.take("sha256", str))


def check_layout(path: Path, header: TraceHeader, file: TensorFile) -> None:
    """Check that the file stores what its header says, with the right dtypes and shapes, and nothing else.

    Raises
    ------
    TraceError
        At the first array that is missing, superfluous, or of another dtype or shape, and at the first
        histogram that is damaged or does not count the tensor's elements.
    """
    expected: set[str] = set()
    present = set(file.keys())
    for layer in header.layers:
        name = layer.geometry.name
        for tensor, record in layer.tensors.items():
            key = tensor_key(name, tensor)
            packed = record.encoding == PACKED
            _check_array(
                path, file, present, key, "U8" if packed else "F16", None if packed else record.shape
            )
            expected.add(key)
        elements = full_elements(layer.geometry, header.run)
        for operand in OPERANDS:
            key = histogram_key(name, operand)
            _check_array(path, file, present, key, "I64", (BINS,))
            expected.add(key)
            histogram = file.get_tensor(key)
            whole = layer.full[operand]
            if checksum(histogram) != whole.sha256:
                raise TraceError(path, key, "does not match its SHA-256: the file is damaged")
            total = int(histogram.sum()) + whole.zeros + whole.non_finite
            if min(histogram.min(), whole.zeros, whole.non_finite) < 0 or total != elements[operand]:
                raise TraceError(
                    path, key, f"counts {total} elements, the captured tensor has {elements[operand]}"
                )
    if extra := sorted(present - expected):
        raise TraceError(path, extra[0], "is stored but is part of no layer")


def _check_array(
    path: Path, file: TensorFile, present: set[str], key: str, dtype: str, shape: tuple[int, ...] | None
) -> None:
    if key not in present:
        raise TraceError(path, key, "is missing from the file")
    array = file.get_slice(key)
    if array.get_dtype() != dtype:
        raise TraceError(path, key, f"has dtype {array.get_dtype()}, must be {dtype}")
    found = array.get_shape()
    if shape is None and len(found) != 1:
        raise TraceError(path, key, f"has shape {found}, a packed tensor has one dimension")
    if shape is not None and tuple(found) != shape:
        raise TraceError(path, key, f"has shape {found}, must be {list(shape)}")
