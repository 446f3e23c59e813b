"""Faults put into the arithmetic are caught: every suite is seen to fail, each time for one reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tb.arith import suites
from tb.arith.bulk_model import ARITH_TB, MODULES, BulkModel, load, model
from tb.arith.references import E4M3, E5M2
from tb.toolchain import BUILD_ROOT, RTL_ROOT

Rng = np.random.Generator

PACKAGE = RTL_ROOT / "pkg" / "fp_pkg.sv"


@dataclass(frozen=True)
class Fault:
    """One change to the text of a function in the package, and the suite that must notice it."""

    function: str
    old: str
    new: str
    module: str
    suite: Callable[[BulkModel, Rng], None]


def _add(kind: str) -> Callable[[BulkModel, Rng], None]:
    return lambda module, rng: suites.fp32_add(module, kind, rng)


def _mul_fp32(kind: str) -> Callable[[BulkModel, Rng], None]:
    return lambda module, rng: suites.fp32_mul(module, kind, rng)


def _acc_add(kind: str) -> Callable[[BulkModel, Rng], None]:
    return lambda module, rng: suites.acc_add(module, model("fp32_add"), kind, rng)


FAULTS = {
    "add-ties-away": Fault("round_sum", "(sig[AddDropBits])", "(1)", "fp32_add", _add("ties")),
    "add-no-sticky": Fault(
        "align_sticky", "kept | AlignBits'((kept << shift) != sig)", "kept", "fp32_add", _add("ties")
    ),
    "add-shift-wraps": Fault(
        "align_sticky",
        "distance[Fp32ExpBits-1:AddShiftBits] != '0",
        "1'b0",
        "fp32_add",
        _add("exponents"),
    ),
    "add-normalises-too-far": Fault("add", "&& exp > Fp32ExpBits'(step)", "", "fp32_add", _add("lowest")),
    "add-stops-normalising": Fault("add", "step > 1", "step > 2", "fp32_add", _add("cancellation")),
    "add-overflow-to-nan": Fault(
        "add", "sum[Fp32ManBits-1:0] = '0;", "sum[Fp32ManBits-1:0] |= '0;", "fp32_add", _add("highest")
    ),
    "add-sign-of-zero": Fault(
        "add", "a[Fp32Bits-1] & b[Fp32Bits-1]", "a[Fp32Bits-1]", "fp32_add", _add("specials")
    ),
    "add-infinities": Fault("add_special", "|| opposite_inf", "", "fp32_add", _add("specials")),
    "add-subtracts-never": Fault("add", "hi.sign ^ lo.sign", "1'b0", "fp32_add", _add("uniform")),
    "acc-add-no-shift": Fault(
        "acc_add", "2'(sig[AddTop-:2] == '0)", "2'b00", "acc_add_probe", _acc_add("near")
    ),
    "acc-add-zero-operand": Fault(
        "acc_add", "if (hi.exp == '0)", "if (1'b0)", "acc_add_probe", _acc_add("specials")
    ),
    "acc-add-cancellation": Fault("acc_add", "step > 1", "step > 4", "acc_add_probe", _acc_add("products")),
    "acc-add-zero-sum": Fault(
        "acc_add",
        "if (sig == '0)",
        "if (1'b0)",
        "acc_add_probe",
        lambda module, rng: suites.acc_add(module, model("fp32_add"), "cancellation", rng),
    ),
    "acc-add-ties-away": Fault(
        "round_sum", "(sig[AddDropBits])", "(1)", "acc_add_probe", suites.accumulation
    ),
    "mul-fp32-ties-up": Fault(
        "mul_fp32", "(Mul32Bits + 1)'(kept[Mul32DropBits])", "1'b1", "fp32_mul", _mul_fp32("ties")
    ),
    "mul-fp32-no-sticky": Fault(
        "mul_fp32", "Mul32Bits'((kept << shift) != sig)", "'0", "fp32_mul", _mul_fp32("lowest")
    ),
    "mul-fp32-subnormal-operand": Fault(
        "mul_fp32", "Mul32ExpBits'(y.exp == '0)", "'0", "fp32_mul", _mul_fp32("subnormals")
    ),
    "mul-fp32-normaliser": Fault("mul_fp32", "step > 1", "step > 2", "fp32_mul", _mul_fp32("subnormals")),
    "mul-fp32-shift-wraps": Fault(
        "mul_fp32", "below > Mul32ExpBits'(Mul32MaxShift)", "1'b0", "fp32_mul", _mul_fp32("exponents")
    ),
    "mul-fp32-overflow": Fault(
        "mul_fp32",
        "if (magnitude >= {2'b00, {Fp32ExpBits{1'b1}}, {Fp32ManBits{1'b0}}})",
        "if (1'b0)",
        "fp32_mul",
        _mul_fp32("highest"),
    ),
    "mul-fp32-zero": Fault("mul_fp32", "if (sig == '0)", "if (1'b0)", "fp32_mul", _mul_fp32("specials")),
    "mul-fp32-infinity-by-zero": Fault(
        "mul_fp32_special", "{y.exp, y.man} == '0", "1'b0", "fp32_mul", _mul_fp32("specials")
    ),
    "mul-subnormals": Fault("mul", "step > 1", "step > 2", "fp16_mul", suites.fp16_mul_kinds),
    "mul-exponent": Fault("mul", "Fp32ExpBits'(y.exp == '0)", "'0", "fp16_mul", suites.fp16_mul_random),
    "mul-infinity-by-zero": Fault(
        "mul_special", "{y.exp, y.man} == '0", "1'b0", "fp16_mul", suites.fp16_mul_kinds
    ),
    "to-fp16-no-sticky": Fault(
        "to_fp16",
        "NarrowSigBits'((kept << shift) != sig)",
        "'0",
        "fp32_to_fp16",
        lambda module, rng: suites.fp32_to_fp16_edges(module, "numpy"),
    ),
    "to-fp16-overflow": Fault(
        "to_fp16",
        "magnitude > NarrowBits'(Fp16Inf)",
        "1'b0",
        "fp32_to_fp16",
        lambda module, rng: suites.fp32_to_fp16_random(module, "all", rng),
    ),
    "to-fp16-ties-up": Fault(
        "to_fp16",
        "(kept[NarrowDropBits])",
        "(1)",
        "fp32_to_fp16",
        lambda module, rng: suites.fp32_to_fp16_edges(module, "gfloat"),
    ),
    "from-fp8-nan": Fault(
        "from_fp8",
        "code[Fp8Bits-2:0] > E4m3Max",
        "1'b0",
        "fp8_to_fp16",
        lambda module, rng: suites.fp8_to_fp16(module, E4M3, "ml_dtypes"),
    ),
    "from-fp8-truncates": Fault(
        "from_fp8",
        "WidenSigBits'(2 ** (WidenGuardBits - 1) - 1)",
        "'0",
        "fp8_to_fp16",
        lambda module, rng: suites.fp8_to_fp16(module, E5M2, "gfloat"),
    ),
    "to-fp8-tie-at-the-top": Fault(
        "to_fp8",
        "EncodeSigBits'(kept[EncodeDropBits])",
        "EncodeSigBits'(1)",
        "fp16_to_fp8",
        lambda module, rng: suites.fp16_to_fp8_limits(module, E4M3),
    ),
    "to-fp8-keeps-infinity": Fault(
        "to_fp8",
        "is_e5m2 ? E5m2Max : E4m3Max",
        "is_e5m2 ? E5m2Inf : E4m3Max",
        "fp16_to_fp8",
        lambda module, rng: suites.fp16_to_fp8(module, E5M2),
    ),
    "to-fp8-negative-zero": Fault(
        "to_fp8",
        "is_wide || is_zero || magnitude == '0",
        "is_wide || magnitude == '0",
        "fp16_to_fp8",
        lambda module, rng: suites.fp16_to_fp8(module, E4M3),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(name: str, rng: Rng) -> None:
    fault = FAULTS[name]
    module = load(fault.module, [faulty_package(name), module_file(fault.module)])
    with pytest.raises(AssertionError, match="cases differ"):
        fault.suite(module, rng)


def faulty_package(name: str) -> Path:
    """Write the package with a fault in one function, below the build folder, and return the file."""
    fault = FAULTS[name]
    text = PACKAGE.read_text(encoding="utf-8")
    header = re.search(rf"function automatic [^;(]* {fault.function}\(", text)
    assert header, f"{PACKAGE.name} has no function {fault.function}"
    start = header.start()
    end = text.index("endfunction", start)
    body = text[start:end]
    assert body.count(fault.old) == 1, f"{fault.function} holds '{fault.old}' {body.count(fault.old)} times"
    path = BUILD_ROOT / "faults" / name / PACKAGE.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text[:start] + body.replace(fault.old, fault.new) + text[end:], encoding="utf-8")
    return path


def module_file(name: str) -> Path:
    """Return the file of a contract module or of a probe."""
    return (RTL_ROOT / "arith" if name in MODULES else ARITH_TB) / f"{name}.sv"
