"""Run the test that must catch a fault, with the fault in the design: ``python -m tb.faults.run NAME``.

A process of its own for each fault: the model reads its fault once, when it is made. Without a name all those
tests run on the same model with no fault active.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys

import numpy as np

from golden.seeds import DEFAULT_MASTER_SEED, derive_seed
from tb.builders import replace_verilate
from tb.faults.catalogue import FAULTS
from tb.faults.fault import Fault
from tb.faults.schemata import number_of, verilate_faulty

CAUGHT, NOT_CAUGHT = 0, 3


def run_test(fault: Fault) -> None:
    """Call the fault's test as pytest would, with the seed and the generator of its name."""
    path, function_name = fault.test.split("::")
    function = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), function_name)
    arguments = dict(fault.arguments)
    parameters = inspect.signature(function).parameters
    seed = derive_seed(fault.test, DEFAULT_MASTER_SEED)
    if "seed" in parameters:
        arguments["seed"] = seed
    if "rng" in parameters:
        arguments["rng"] = np.random.default_rng(seed)
    function(**arguments)


def main(names: list[str]) -> int:
    """Run one fault's test, or all tests without a fault, and say what came of it."""
    replace_verilate(verilate_faulty)
    if not names:
        os.environ["RTL_FAULT"] = "0"
        for fault in {(fault.test, str(fault.arguments)): fault for fault in FAULTS.values()}.values():
            run_test(fault)
        return 0
    os.environ["RTL_FAULT"] = str(number_of(names[0]))
    try:
        run_test(FAULTS[names[0]])
    except AssertionError as error:
        print(f"caught: {error}", flush=True)
        return CAUGHT
    print("not caught: the test passes", flush=True)
    return NOT_CAUGHT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
