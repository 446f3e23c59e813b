"""The contract's arithmetic modules against IEEE and OCP references, exhaustively where the space allows."""

from __future__ import annotations

import numpy as np
import pytest

from tb.arith import suites
from tb.arith.bulk_model import MODULES, model
from tb.arith.references import FORMATS
from tb.arith.stimulus import ADD_KINDS, MUL_KINDS
from tb.toolchain import RTL_ROOT, Toolchain

Rng = np.random.Generator

each_format = pytest.mark.parametrize("fmt", FORMATS, ids=FORMATS.get)


@pytest.mark.parametrize("name", MODULES)
def test_module_builds_alone_with_its_package(name: str) -> None:
    files = [RTL_ROOT / "waivers.vlt", RTL_ROOT / "pkg" / "fp_pkg.sv", RTL_ROOT / "arith" / f"{name}.sv"]
    Toolchain.find().lint(files, name)


@pytest.mark.parametrize("kind", ADD_KINDS)
def test_fp32_add(kind: str, rng: Rng) -> None:
    suites.fp32_add(model("fp32_add"), kind, rng)


@pytest.mark.parametrize("kind", suites.ACC_ADD_KINDS)
def test_acc_add_equals_fp32_add_on_its_domain(kind: str, rng: Rng) -> None:
    suites.acc_add(model("acc_add_probe"), model("fp32_add"), kind, rng)


def test_acc_add_accumulates_products_as_ieee_does(rng: Rng) -> None:
    suites.accumulation(model("acc_add_probe"), rng)


@pytest.mark.parametrize("kind", MUL_KINDS)
def test_fp32_mul(kind: str, rng: Rng) -> None:
    suites.fp32_mul(model("fp32_mul"), kind, rng)


def test_fp16_mul_every_number_by_each_kind(rng: Rng) -> None:
    suites.fp16_mul_kinds(model("fp16_mul"), rng)


def test_fp16_mul_random(rng: Rng) -> None:
    suites.fp16_mul_random(model("fp16_mul"), rng)


@pytest.mark.parametrize("library", suites.FP16_LIBRARIES)
def test_fp32_to_fp16_around_every_fp16_number(library: str) -> None:
    suites.fp32_to_fp16_edges(model("fp32_to_fp16"), library)


@pytest.mark.parametrize("kind", suites.NARROW_RANGES)
def test_fp32_to_fp16_random(kind: str, rng: Rng) -> None:
    suites.fp32_to_fp16_random(model("fp32_to_fp16"), kind, rng)


@pytest.mark.parametrize("library", suites.FP8_LIBRARIES)
@each_format
def test_fp8_to_fp16_exhaustive(fmt: int, library: str) -> None:
    suites.fp8_to_fp16(model("fp8_to_fp16"), fmt, library)


@each_format
def test_fp16_to_fp8_exhaustive(fmt: int) -> None:
    suites.fp16_to_fp8(model("fp16_to_fp8"), fmt)


@pytest.mark.parametrize("threshold", suites.GFLOAT_THRESHOLDS)
@each_format
def test_fp16_to_fp8_agrees_with_gfloat(fmt: int, threshold: int) -> None:
    suites.fp16_to_fp8_gfloat(model("fp16_to_fp8"), fmt, threshold)


@each_format
def test_fp16_to_fp8_follows_the_contracts_limits(fmt: int) -> None:
    suites.fp16_to_fp8_limits(model("fp16_to_fp8"), fmt)
