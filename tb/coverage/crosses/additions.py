"""Crosses of additions in binary32: alignment, cancellation and rounding, from the operands."""

from __future__ import annotations

import numpy as np

from golden.formats import FP32, U32
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.rounding import (
    INEXACT_UP,
    ROUNDING,
    TIE_UP,
    Doubles,
    exponents,
    quantum_exponents,
    round_cases,
)
from tb.coverage.crosses.values import FLOAT_CLASSES, INFINITY, Indices, fp32_classes

OPERATION = ("add", "subtract")
"""Of magnitudes: whether the signs are alike."""

DISTANCES = ("0", "1", "2", "3 to 22", "23", "24", "25", "26 and more")
"""Difference of the operands' exponents (of their leading ones, so that subnormals count as they are)."""
_DISTANCE = np.select(
    [np.arange(28) < 3, np.arange(28) < 23, np.arange(28) < 26], [np.arange(28), 3, np.arange(28) - 19], 7
).astype(np.int64)
FARTHEST = 27
"""An operand that lies farther below the other has the same effect as one that lies so far."""

DEPTHS = ("carry", "none", "1", "2", "3 to 22", "23", "24", "all")
"""Places that the leading one of the sum stands below that of the greater operand."""
_DEPTH = np.array([0, 1, 2, 3, *[4] * 20, 5, 6], np.int64)
ALL = DEPTHS.index("all")
LOST = DEPTHS[2:]

ROUNDING_RULES = (
    Illegal(
        "the sum of numbers of one exponent has one bit below its last place",
        distance="0",
        operation="add",
        rounding=("below the middle", "above the middle"),
    ),
    Illegal(
        "numbers of one exponent differ exactly", distance="0", operation="subtract", rounding=ROUNDING[1:]
    ),
    Illegal(
        "a difference of numbers of neighbouring exponents has one bit below its last place",
        distance="1",
        operation="subtract",
        rounding=("below the middle", "above the middle"),
    ),
    Illegal(
        "24 places below, the lesser operand is half of the last place or more, and less than one",
        distance="24",
        operation="add",
        rounding=("exact", "below the middle"),
    ),
    Illegal(
        "25 places below, the lesser operand is less than half of the last place",
        distance="25",
        operation="add",
        rounding=("exact", *ROUNDING[2:]),
    ),
    Illegal(
        "25 places below, half of the last place is met below a power of two only, from an odd place",
        distance="25",
        operation="subtract",
        rounding=("exact", "tie stays"),
    ),
    Illegal(
        "26 places below, the lesser operand is a sticky bit",
        distance="26 and more",
        operation="add",
        rounding=("exact", *ROUNDING[2:]),
    ),
    Illegal(
        "26 places below, the lesser operand is a sticky bit",
        distance="26 and more",
        operation="subtract",
        rounding=ROUNDING[:4],
    ),
)

NEAR = ("0", "1", "2 and more")
CANCELLATION_RULES = (
    Illegal("a sum of magnitudes is not less than the greater", operation="add", depth=LOST),
    Illegal("a difference is not greater than the greater operand", operation="subtract", depth="carry"),
    Illegal("two numbers of one exponent add up to a carry", operation="add", distance="0", depth="none"),
    Illegal(
        "numbers of one exponent lose their leading ones, and differ in the other 23 places",
        operation="subtract",
        distance="0",
        depth=("none", "24"),
    ),
    Illegal("numbers of other exponents differ", operation="subtract", distance="1", depth="all"),
    Illegal(
        "a number of at most a quarter to a half leaves more than half",
        operation="subtract",
        distance="2 and more",
        depth=DEPTHS[3:],
    ),
)

CARRY = ("to the next binade", "not")

RESULTS = (*FLOAT_CLASSES, "overflow")
OVERFLOW = len(FLOAT_CLASSES)
RESULT_RULES = (
    Illegal("a difference of 0 is +0 (rounding to nearest)", operation="subtract", result="-0"),
    Illegal("a difference of finite numbers is finite", operation="subtract", result="overflow"),
)
NOT_ACCUMULATED = (
    *("subnormal", "least exponent", "greatest exponent", "max finite"),
    "overflow",
)
FAR_FROM_THE_ENDS = "sums of products are multiples of 2^-48 of moderate size (contract 2.4)"
ACCUMULATOR_RULE = Illegal(FAR_FROM_THE_ENDS, result=NOT_ACCUMULATED)


def _crosses(name: str, operands: tuple[Illegal, ...] = (), results: tuple[Illegal, ...] = ()) -> Additions:
    return Additions(
        Cross(f"{name}.classes", {"a": FLOAT_CLASSES, "b": FLOAT_CLASSES}, operands),
        Cross(f"{name}.result", {"operation": OPERATION, "result": RESULTS}, (*RESULT_RULES, *results)),
        Cross(
            f"{name}.rounding",
            {"distance": DISTANCES, "operation": OPERATION, "rounding": ROUNDING},
            ROUNDING_RULES,
        ),
        Cross(
            f"{name}.cancellation",
            {"operation": OPERATION, "distance": NEAR, "depth": DEPTHS},
            CANCELLATION_RULES,
        ),
        Cross(f"{name}.carry", {"operation": OPERATION, "rounding": INEXACT_UP, "carry": CARRY}),
    )


class Additions:
    """The crosses of one adder."""

    def __init__(self, classes: Cross, result: Cross, rounding: Cross, cancellation: Cross, carry: Cross):
        self._classes, self._result = classes, result
        self._rounding, self._cancellation, self._carry = rounding, cancellation, carry

    def sample(self, a: U32, b: U32, total: U32) -> None:
        """Sample additions: words of both operands, and of their sum as it should be, of one shape."""
        if not collecting():
            return
        a, b, total = (np.ascontiguousarray(words, np.uint32).reshape(-1) for words in (a, b, total))
        subtract = ((a ^ b) >> np.uint32(31)).astype(np.int64)
        a_class, b_class, result = fp32_classes(a), fp32_classes(b), fp32_classes(total)
        self._classes.sample(a_class, b_class)
        finite = (a_class < INFINITY) & (b_class < INFINITY)
        self._result.sample(subtract, np.where(finite & (result == INFINITY), OVERFLOW, result))
        inside = finite & (a_class > 1) & (b_class > 1)
        self._sample_finite(a[inside], b[inside], subtract[inside])

    def _sample_finite(self, a: U32, b: U32, subtract: Indices) -> None:
        """Sample additions of finite non-zeros."""
        swap = (b & np.uint32(0x7FFFFFFF)) > (a & np.uint32(0x7FFFFFFF))
        hi: Doubles = np.where(swap, b, a).view(np.float32).astype(np.float64)
        lo: Doubles = np.where(swap, a, b).view(np.float32).astype(np.float64)
        top = exponents(hi)
        distance = top - exponents(lo)
        # Within 53 bits the sum is exact.
        lo = np.ldexp(lo, np.maximum(distance - FARTHEST, 0))
        exact = hi + lo
        self._sample_exact(exact, top, np.minimum(distance, FARTHEST), subtract)

    def _sample_exact(self, exact: Doubles, top: Indices, distance: Indices, subtract: Indices) -> None:
        none_left = exact == 0
        depth = np.where(none_left, ALL, _DEPTH[np.where(none_left, 0, top - exponents(exact) + 1)])
        self._cancellation.sample(subtract, np.minimum(distance, 2), depth)
        quanta = quantum_exponents(exact, FP32, FP32.default_bias)
        cases, places = round_cases(exact, quanta)
        self._rounding.sample(_DISTANCE[distance], subtract, cases)
        carry = np.where(places == 1 << FP32.precision, 0, 1)
        self._carry.sample(subtract, np.where(cases >= TIE_UP, cases - TIE_UP, -1), carry)


FP32_ADD = _crosses("fp32_add")
"""The full addition alone."""

_OUTSIDE = NOT_ACCUMULATED[:-1]
ACC_ADD = _crosses(
    "acc_add",
    (Illegal(FAR_FROM_THE_ENDS, a=_OUTSIDE), Illegal(FAR_FROM_THE_ENDS, b=_OUTSIDE)),
    (ACCUMULATOR_RULE,),
)
"""The accumulator's addition alone."""

PE_ADD = _crosses(
    "pe_add",
    (
        Illegal(FAR_FROM_THE_ENDS, a=_OUTSIDE),
        Illegal(FAR_FROM_THE_ENDS, b=_OUTSIDE),
        Illegal("sums start at +0 and are never -0 (contract 2.4)", a="-0"),
    ),
    (ACCUMULATOR_RULE, Illegal("sums start at +0 and are never -0 (contract 2.4)", result="-0")),
)
"""Additions of products (b) to a PE's sums (a)."""
