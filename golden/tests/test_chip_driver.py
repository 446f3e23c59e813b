"""The driver against a chip made of the golden model, and checks of chains before they are started."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from golden.chip.compile import compile_layer
from golden.chip.driver import (
    CHIP_ID,
    REMEDIES,
    AsyncChipDriver,
    ChipDriver,
    ChipError,
    DriverError,
)
from golden.chip.encoding import LINE_BYTES, Cause, Descriptor, Extent, Job, OutputMode, Window
from golden.chip.interpreter import interpret
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import Output
from golden.chip.results import read_layer
from golden.chip.validate import ValidationError, check_chain
from golden.exact import exact_product
from golden.fgmp import encode
from golden.formats import U8, U32, Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from golden.lowering import b_matrix, result_tensor
from golden.presets import find_preset
from golden.tests.chip_reference import read_words
from golden.tests.reference import random_fp16

TINY = find_preset("tiny")
GEOMETRY = ConvGeometry("conv7", 1, 4, 5, 5, 6, 3, 1, 1)


FIELDS = {
    "ID": {"value": (0, 32)},
    "CONFIG": {"cores": (0, 8), "lines": (8, 8), "pes": (16, 8), "rows": (24, 8)},
    "CONTROL": {"start": (0, 1), "abort": (1, 1)},
    "STATUS": {"busy": (0, 1), "done": (1, 1), "error": (2, 1), "busy_write": (3, 1), "cause": (8, 4)},
    "IRQ_STATUS": {"done": (0, 1), "error": (1, 1), "busy_write": (2, 1)},
    "IRQ_ENABLE": {"done": (0, 1), "error": (1, 1), "busy_write": (2, 1)},
    "DESCRIPTOR": {"line": (0, 32)},
    "PATIENCE": {"cycles": (0, 16)},
    "WATCHDOG": {"cycles": (0, 32)},
    "DESCRIPTORS_DONE": {"count": (0, 32)},
    "ERROR_JOB": {"job": (0, 32)},
    "ERROR_DESCRIPTOR": {"line": (0, 32)},
    "COUNTER_SELECT": {"core": (0, 8), "index": (8, 8)},
    "COUNTER_LOW": {"value": (0, 32)},
    "COUNTER_HIGH": {"value": (0, 32)},
}
OFFSETS = {name: 0x100 + 4 * index for index, name in enumerate(FIELDS)}


class Names:
    """A register map: every register at an address of its own, fields as rtl/chip/chip_regs.rdl has them."""

    offsets = OFFSETS

    def unpack(self, register: str, value: int) -> dict[str, int]:
        """Split a value."""
        return {name: value >> low & (1 << width) - 1 for name, (low, width) in FIELDS[register].items()}

    def pack(self, register: str, **values: int) -> int:
        """Join fields."""
        return sum(value << FIELDS[register][name][0] for name, value in values.items())


class ModelChip:
    """A register bus whose chip is the golden model; `silent` chips never end."""

    def __init__(self, memory: U8, *, silent: bool = False) -> None:
        names = Names()
        self._name = {offset: name for name, offset in names.offsets.items()}
        self._names = names
        self._memory = memory
        self._silent = silent
        config = names.pack("CONFIG", cores=TINY.cores, lines=TINY.lines, pes=TINY.pes, rows=TINY.rows)
        self.values = {"ID": CHIP_ID, "CONFIG": config}
        self.written: list[tuple[str, int]] = []

    def read32(self, address: int) -> int:
        """Read; counters are ``core * 1000 + index``, with a high half of 7."""
        name = self._name[address]
        if name.startswith("COUNTER_"):
            select = self._names.unpack("COUNTER_SELECT", self.values["COUNTER_SELECT"])
            return 1000 * select["core"] + select["index"] if name == "COUNTER_LOW" else 7
        return self.values.get(name, 0)

    def write32(self, address: int, value: int) -> None:
        """Write; a start runs the model."""
        name = self._name[address]
        self.written.append((name, value))
        self.values[name] = value
        if name == "CONTROL" and value & 1:
            if self._silent:
                self.values["STATUS"] = self._names.pack("STATUS", busy=1)
                return
            run = interpret(self._memory, self.values["DESCRIPTOR"], TINY)
            failed = run.cause is not Cause.NONE
            self.values["STATUS"] = self._names.pack(
                "STATUS", done=int(not failed), error=int(failed), cause=int(run.cause)
            )
            self.values["DESCRIPTORS_DONE"] = len(run.descriptors) - int(failed)
            self.values["ERROR_JOB"] = run.error_job or 0
            self.values["ERROR_DESCRIPTOR"] = run.descriptors[-1].line

    def wait_interrupt(self, cycles: int) -> bool:
        """Say at once whether the chip has ended."""
        assert cycles > 0
        return not self._silent


def _layer(rng: np.random.Generator) -> tuple[MemoryImage, CompiledLayer, np.ndarray]:
    x = encode(random_fp16(rng, GEOMETRY.x_shape, 0.6), Fp8Format.E4M3, 2)
    w = encode(random_fp16(rng, GEOMETRY.w_shape), Fp8Format.E4M3, 1)
    image = MemoryImage()
    layer = compile_layer(image, GEOMETRY, Step.FP, TINY, x, w)
    product = exact_product(layer.lowering, x, b_matrix(Step.FP, w.decoded, layer.columns))
    return image, layer, result_tensor(layer.lowering, product)


def test_a_run_gives_results_and_counters(rng: np.random.Generator) -> None:
    image, layer, wanted = _layer(rng)
    memory = image.data.copy()
    bus = ModelChip(memory)
    driver = ChipDriver(bus, Names(), TINY)
    driver.talk(driver.says.identify())
    driver.talk(driver.says.configure(patience=9, watchdog=None))
    outcome = driver.run(memory, [layer], 1000)
    assert np.array_equal(read_layer(memory, layer).tensor, wanted)
    assert (outcome.status.done, outcome.status.descriptors_done) == (True, 2)
    assert outcome.chip == {n: (7 << 32) + 1000 * 255 + i for i, n in enumerate(CHIP_COUNTERS)}
    assert outcome.cores == ({n: (7 << 32) + i for i, n in enumerate(CORE_COUNTERS)},)
    writes = [one for one in bus.written if one[0] != "COUNTER_SELECT"]
    assert writes == [
        ("PATIENCE", 9),
        ("IRQ_STATUS", 7),
        ("IRQ_ENABLE", 3),
        ("DESCRIPTOR", layer.descriptors[0].line),
        ("CONTROL", 1),
    ]
    assert CHIP_COUNTER_CORE == 255


def test_the_same_conversation_over_coroutines(rng: np.random.Generator) -> None:
    image, layer, wanted = _layer(rng)
    memory = image.data.copy()
    chip = ModelChip(memory)

    class Bus:
        async def read32(self, address: int) -> int:
            return chip.read32(address)

        async def write32(self, address: int, value: int) -> None:
            chip.write32(address, value)

        async def wait_interrupt(self, cycles: int) -> bool:
            return chip.wait_interrupt(cycles)

    driver = AsyncChipDriver(Bus(), Names(), TINY)
    assert asyncio.run(driver.run(memory, [layer], 1000)).status.done
    assert np.array_equal(read_layer(memory, layer).tensor, wanted)


def test_an_error_names_cause_job_and_layer(rng: np.random.Generator) -> None:
    """A stream whose mask was damaged: nothing that a check of the chain could see."""
    image, layer, _ = _layer(rng)
    memory = image.data.copy()
    job = layer.descriptors[1].jobs[1].job
    memory[64 * job.b.line] ^= 1
    driver = ChipDriver(ModelChip(memory), Names(), TINY)
    with pytest.raises(
        ChipError, match=r"cause 8 \(STREAM_LENGTH\) .*\(conv7 FP\): .* pack the job's"
    ) as caught:
        driver.run(memory, [layer], 1000)
    assert caught.value.cause is Cause.STREAM_LENGTH
    assert caught.value.descriptor == layer.descriptors[1].line
    assert set(REMEDIES) == set(Cause) - {Cause.NONE}


def test_a_silent_busy_or_foreign_chip_is_told(rng: np.random.Generator) -> None:
    image, layer, _ = _layer(rng)
    memory = image.data.copy()
    bus = ModelChip(memory, silent=True)
    driver = ChipDriver(bus, Names(), TINY)
    with pytest.raises(DriverError, match=r"no answer within 50 cycles \(0 descriptors done, busy 1\)"):
        driver.run(memory, [layer], 50)
    with pytest.raises(DriverError, match="the chip is busy"):
        driver.run(memory, [layer], 50)
    driver.talk(driver.says.abort())
    assert bus.written[-1] == ("CONTROL", 2)
    other = ChipDriver(bus, Names(), find_preset("core"))
    with pytest.raises(DriverError, match=r"CONFIG\.lines is 2, preset core has 8"):
        other.talk(other.says.identify())
    bus.values["ID"] = 0
    with pytest.raises(DriverError, match="ID reads 00000000, must be 4C4E5055"):
        driver.talk(driver.says.identify())


def _refused(memory: U8, line: int, message: str) -> Cause:
    with pytest.raises(ValidationError, match=re.escape(message)) as error:
        check_chain(memory, line, TINY.columns, TINY.psum_rows)
    return error.value.cause


def test_chains_that_the_chip_would_refuse_are_named(rng: np.random.Generator) -> None:
    """Each mistake in a descriptor or job: the message names it, and the model stops with a cause too."""
    image, layer, _ = _layer(rng)
    one = layer.descriptors[0]
    good, line = one.descriptor, one.line
    first = Job.from_words(read_words(image, good.job_table, 16))
    assert check_chain(image.data, line, TINY.columns, TINY.psum_rows) == [
        each.line for each in layer.descriptors
    ]
    far = len(image.data)

    def with_descriptor(change: Callable[[Descriptor], Descriptor], message: str, cause: Cause) -> None:
        memory = image.data.copy()
        memory[64 * line : 64 * line + 128] = change(good).words().view(np.uint8)
        assert _refused(memory, line, f"descriptor at line {line}: {message}") is cause
        assert interpret(memory, line, TINY).cause is cause

    field, window, overlap = Cause.FIELD, Cause.WINDOW, Cause.OVERLAP
    with_descriptor(lambda d: replace(d, columns=5), "columns is 5, must lie in 1..4", field)
    with_descriptor(lambda d: replace(d, jobs=0), "jobs is 0", field)
    with_descriptor(lambda d: replace(d, share=(1, 0)), "the share's denominator is 0", field)
    with_descriptor(lambda d: replace(d, relu=True), "FP32 output takes no post-processing", field)
    wg = {"wg": True, "mode": OutputMode.FGMP}
    with_descriptor(lambda d: replace(d, **wg), "WG takes no FGMP output", field)  # type: ignore[arg-type]
    with_descriptor(
        lambda d: replace(d, a=Window(9, 8)), "window of A ends at line 8, before its first, 9", window
    )
    with_descriptor(lambda d: replace(d, output=Window(9, 9)), "output window is empty", window)
    with_descriptor(lambda d: replace(d, completion=d.job_table), "completion record (lines ", overlap)
    with_descriptor(lambda d: replace(d, job_records=d.output.first), "output window (lines ", overlap)
    memory = image.data.copy()
    memory[64 * line : 64 * line + 128] = replace(good, last=False, next=line).words().view(np.uint8)
    _refused(memory, line, "the chain comes back to it")
    _refused(image.data, far, f"descriptor at line {far}: lines {far} to {far + 1} lie outside the memory")
    _refused(image.data, line + 1, "must be 4C4E5031")

    def with_job(job: Job, message: str, cause: Cause) -> None:
        memory = image.data.copy()
        at = 64 * good.job_table
        memory[at : at + 64] = job.words().view(np.uint8)
        assert _refused(memory, line, f"descriptor at line {line}, job 0: {message}") is cause
        assert interpret(memory, line, TINY).cause is cause

    with_job(replace(first, rows=0), "rows is 0, must lie in 1..16", field)
    with_job(replace(first, rows=17), "rows is 17", field)
    with_job(replace(first, c=replace(first.c, bytes=0)), "stream C is empty", field)
    outside = replace(first.b, line=good.b.end)
    nowhere = replace(first, output=Extent(good.output.end + 1, 0))
    with_job(nowhere, f"output (lines {good.output.end + 1} to ", Cause.JOB_RANGE)
    with_job(
        replace(first, b=outside), f"b (lines {outside.line} to {outside.end - 1}) leaves", Cause.JOB_RANGE
    )


def test_places_that_a_chain_would_spoil_are_named(rng: np.random.Generator) -> None:
    """The chip does not look: two jobs in one place, a later descriptor or job table overwritten."""
    image, layer, _ = _layer(rng)
    one, other = layer.descriptors
    check_chain(image.data, one.line, TINY.columns, TINY.psum_rows)

    def with_words(line: int, words: U32, message: str) -> None:
        memory = image.data.copy()
        memory[64 * line : 64 * line + 4 * len(words)] = words.view(np.uint8)
        assert _refused(memory, one.line, message) is Cause.OVERLAP

    first, second = (job.job for job in one.jobs[:2])
    job = f"descriptor at line {one.line}: output of job"
    with_words(one.descriptor.job_table + 1, replace(second, output=first.output).words(), f"{job} 0 (lines ")
    # An empty place between them in the order of lines does not hide that they overlap.
    at = first.output.line
    outputs = Extent(at, LINE_BYTES + 1), Extent(at + 1, 0), Extent(at + 1, 1)
    jobs = [replace(first, output=output).words() for output in outputs]
    line = image.allocate(len(jobs) * LINE_BYTES, "job table").line
    image.write_words(line, np.concatenate(jobs))
    three = replace(one.descriptor, job_table=line, jobs=len(jobs), job_records=0)
    with_words(one.line, three.words(), f"{job} 0 (lines {at} to {at + 1}) overlaps {job} 2 (")
    place = other.descriptor.job_table
    what = f"descriptor at line {one.line}: completion record (lines {place} to {place + 3})"
    table = f"the job table of the descriptor at line {other.line}"
    with_words(
        one.line,
        replace(one.descriptor, completion=place).words(),
        f"{what} overlaps {table} (lines {place} ",
    )


def test_output_options_reach_the_descriptor(rng: np.random.Generator) -> None:
    x = encode(random_fp16(rng, GEOMETRY.x_shape), Fp8Format.E4M3, 2)
    w = encode(random_fp16(rng, GEOMETRY.w_shape), Fp8Format.E5M2, 1)
    image = MemoryImage()
    output = Output(OutputMode.FGMP, Fp8Format.E5M2, 21, share=(3, 10), relu=True)
    layer = compile_layer(image, GEOMETRY, Step.FP, TINY, x, w, output, balancer=False)
    descriptor = Descriptor.from_words(read_words(image, layer.descriptors[0].line, 32))
    assert (descriptor.a_format, descriptor.b_format, descriptor.output_format) == (0, 1, 1)
    assert (descriptor.a_bias, descriptor.b_bias, descriptor.output_bias) == (14, 30, 21)
    assert (descriptor.mode, descriptor.share, descriptor.relu) == (OutputMode.FGMP, (3, 10), True)
    assert (descriptor.wg, descriptor.balancer, descriptor.mask) == (False, False, False)
