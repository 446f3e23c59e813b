"""Gates that yosys maps: bit-equal to golden and RTL, and a whole power study of the smallest core."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from golden.formats import Fp8Format, decode_fp8
from golden.lowering import Ints
from reports.power.__main__ import main
from reports.power.document import DOCUMENT, FOLDER, read
from tb.power.flat import flatten
from tb.power.liberty import read_library
from tb.power.mapping import MappingError, map_design
from tb.power.netlist import read_modules
from tb.power.simulator import Bytes, GateSimulator
from tb.power.small_library import write_library


def test_mapped_conversion_is_goldens_for_every_input(tmp_path: Path) -> None:
    """All codes, formats and biases of `fp8_to_fp16` through gates of another library than reports use."""
    library = read_library(write_library(tmp_path))
    mapped = map_design(library, "fp8_to_fp16", {})
    flat = flatten(read_modules(mapped, library), mapped.top, library)
    assert list(flat.inputs) == ["code_i", "fmt_i", "bias_i"]
    codes, formats, biases = (
        array.ravel() for array in np.meshgrid(np.arange(256), list(Fp8Format), np.arange(64), indexing="ij")
    )
    order = np.random.default_rng(1).permutation(codes.size)
    codes, formats, biases = codes[order], formats[order], biases[order]
    wanted = np.zeros(codes.size, np.uint16)
    for fmt in Fp8Format:
        for bias in range(64):
            here = (formats == fmt) & (biases == bias)
            wanted[here] = decode_fp8(codes[here].astype(np.uint8), fmt, bias)
    stimulus = np.concatenate([bits(codes, 8), bits(formats, 1), bits(biases, 6)], axis=1)
    expected = bits(wanted.astype(np.int64), 16)
    counted = GateSimulator(flat, "clk_i").run(stimulus, expected)
    for place, net in enumerate(flat.outputs["y_o"]):
        assert counted.toggles[net] == np.count_nonzero(np.diff(expected[:, place].astype(np.int8)))


def bits(values: Ints, count: int) -> Bytes:
    """Return the bits of values, the lowest first: uint8 [n, count]."""
    return (values[:, None] >> np.arange(count) & 1).astype(np.uint8)


def test_a_library_without_registers_is_told(tmp_path: Path) -> None:
    path = write_library(tmp_path)
    text = path.read_text(encoding="utf-8").replace("ff (IQ", "register (IQ")
    path.write_text(text, encoding="utf-8")
    library = read_library(path)
    with pytest.raises(MappingError, match=r"yosys, status 1 \(read_json"):
        map_design(library, "stream_fifo", {"Width": 2, "Depth": 2})


def test_what_yosys_says_is_told(tmp_path: Path) -> None:
    library = read_library(write_library(tmp_path))
    with pytest.raises(MappingError, match=r"yosys, status 1 \(read_slang"):
        map_design(library, "stream_fifo", {"Depth": 0})


def test_a_study_of_the_smallest_core(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Gates of the whole core equal to the RTL in every cycle, for every variant of three tiles."""
    words = ["--liberty", str(write_library(tmp_path)), "--preset", "tiny", "--pixels", "2"]
    words += ["--calibrate", "layer1.0.conv2-FP", "layer1.0.conv1-WG", "--validate", "fc-FP"]
    status = main([*words, "--keep-saif", "--out", str(tmp_path / "out")])
    out, err = capsys.readouterr()
    assert status in (0, 1), err
    study = read(json.loads((tmp_path / "out" / FOLDER / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT)
    assert study.passed == (status == 0) == ("PASS: worst error" in out)
    assert len(study.tiles) == 15
    for one in study.tiles:
        assert one.bits_compared > 100 * one.cycles
        assert one.measured == pytest.approx(sum(one.levels.values()))
        assert one.by_wire["0"] < one.by_wire["0.5"] < one.by_wire["1"]
    assert len(list((tmp_path / "out").glob("power-saif/*.saif"))) == 15
    # A MAC of an FP16 element works longer in every part of a PE.
    assert all(one.pe < 1 for one in study.ratios if "FP8" in one.what)
