"""Number formats of the datapath: FP8 (two encodings, any bias), FP16 and FP32, and the conversions between them.

A format is one small data object, `FloatFormat`; the code works for all of them. Tensors are arrays of
*bit patterns* (``uint8``, ``uint16``, ``uint32``), never of NumPy floats, so that NaN payloads and the signs of
zeros survive. Conversions that touch whole tensors look up tables, one for each format and bias, which
are computed once in exact float64 arithmetic. Contract: sections 2.1, 2.2 and 2.8 of the numerics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

type U8 = npt.NDArray[np.uint8]
type U16 = npt.NDArray[np.uint16]
type U32 = npt.NDArray[np.uint32]
