"""Made-up but consistent results: ResNet-18's layers and steps, passing or with every kind of failure."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np

from golden.geometry import Step
from golden.presets import find_preset
from regressions.results import (
    BuildInfo,
    Counter,
    Coverage,
    Energy,
    Gate,
    GitInfo,
    HitTotal,
    LayerShape,
    Mismatch,
    MissedPoint,
    Operand,
    Replay,
    Results,
    RunInfo,
    Status,
    TraceInfo,
    summarise,
)

PRESET = find_preset("core")
PES = PRESET.cores * PRESET.lines * PRESET.pes
ONE_BIT_OFF = 1


def resnet18() -> list[tuple[str, LayerShape]]:
    """Return the 21 convolution and FC layers at 32x32 pixels with the sample's batch sizes."""
    shapes = [("conv1", LayerShape(1, 3, 32, 32, 64, 7, 2, 3))]
    channels, side = 64, 8
    for stage, (width, batch) in enumerate(((64, 1), (128, 1), (256, 4), (512, 16)), start=1):
        for block in range(2):
            stride = 2 if stage > 1 and block == 0 else 1
            name = f"layer{stage}.{block}"
            shapes.append((f"{name}.conv1", LayerShape(batch, channels, side, side, width, 3, stride, 1)))
            if stride == 2:
                shapes.append(
                    (f"{name}.downsample.0", LayerShape(batch, channels, side, side, width, 1, 2, 0))
                )
                side //= 2
            shapes.append((f"{name}.conv2", LayerShape(batch, width, side, side, width, 3, 1, 1)))
            channels = width
    shapes.append(("fc", LayerShape(16, 512, 1, 1, 10, 1, 1, 0)))
    return shapes


def passing_replay(layer: str, shape: LayerShape, step: Step, rng: np.random.Generator) -> Replay:
    """Return a replay that passed, with figures of a likely size that satisfy the contract."""
    pixels = ((shape.in_height + 2 * shape.padding - shape.kernel) // shape.stride + 1) ** 2 * shape.batch
    columns = min(PRESET.columns, shape.in_channels if step is Step.BP else shape.out_channels)
    depth = shape.out_channels if step is Step.BP else shape.in_channels
    total = pixels * columns * depth * shape.kernel**2
    zeros = float(rng.uniform(0.0, 0.02) if step is Step.BP else rng.uniform(0.3, 0.55))
    fp16_share = float(rng.uniform(0.1, 0.2) if step is Step.BP else rng.uniform(0.02, 0.09))
    if layer == "conv1":
        zeros, fp16_share = 0.31, 0.11
    skipped = round(total * zeros)
    fp16 = round((total - skipped) * fp16_share)
    fp8 = total - skipped - fp16
    ideal = (fp8 / 2 + fp16) / PES
    busy = {"conv1": 0.35, "fc": 0.41}.get(layer, float(rng.uniform(0.83, 0.96)))
    busy_off = busy if layer in ("conv1", "fc") else busy - float(rng.uniform(0.04, 0.15))
    cycles = int(np.ceil(ideal / busy))
    model = cycles + int(rng.integers(-8, 12))
    stored = int(pixels * depth * 0.9 + depth * columns * shape.kernel**2 * 1.2 + pixels * columns * 4)
    plain = int(stored / rng.uniform(0.55, 0.8))
    work = {"macs_fp8": fp8, "macs_fp16": fp16, "macs_skipped": skipped, "psum_adds": pixels * columns * 8}
    seed = int(rng.integers(1 << 31))
    wall = float(cycles / 90_000 + 0.7)
    return Replay(
        layer=layer,
        step=step,
        status=Status.PASS,
        geometry=shape,
        seed=seed,
        rerun=f"./run regress --layers {layer} --steps {step} --seed 1",
        wall_s=wall,
        elements=pixels * columns if step is not Step.WG else columns * depth * shape.kernel**2,
        mismatches=0,
        cycles=cycles,
        model_cycles=model,
        ideal_cycles=ideal,
        utilization=ideal / cycles,
        model_cycles_balancer_off=int(ideal / busy_off),
        utilization_balancer_off=busy_off,
        a_zero_fraction=zeros,
        a_fp16_fraction=fp16_share,
        macs_total=total,
        macs_fp8=fp8,
        macs_fp16=fp16,
        macs_skipped=skipped,
        dense_fp16_cycles=total / PES,
        speedup_over_dense_fp16=total / PES / cycles,
        ema_bytes=stored,
        ema_bytes_fp16=plain,
        energy_pj=Energy(
            multiplier=fp8 * 0.4 + fp16 * 1.1,
            adder=(fp8 + fp16) * 0.95,
            sram=(fp8 + fp16) * 0.8,
            control=(fp8 + fp16) * 0.42,
            leakage=cycles * 12.8,
            external=stored * 243.75,
        ),
        macs_per_second=(fp8 + fp16) / wall,
        stalls={
            "operand load": cycles // 60,
            "line imbalance": cycles // 9,
            "reduction tree": cycles // 45,
            "output back-pressure": cycles // 200,
        },
        counters={name: Counter(value, value) for name, value in work.items()},
    )


def mismatch(replay: Replay, rng: np.random.Generator, line: int = 5) -> Mismatch:
    """Return a first mismatch whose operands give the value expected, and one bit of it wrong in the RTL."""
    total = np.float32(0)
    operands = []
    for k in range(18):
        a = np.float16(rng.choice([0.0, 0.25, -0.375, 1.5]) if k % 5 else rng.normal())
        b = np.float16(rng.normal() / 8)
        if a != 0:
            total = np.float32(total + np.float32(a) * np.float32(b))
        wide = k % 5 == 0
        a_hex = f"{int(a.view(np.uint16)):04X}" if wide else f"{(int(a.view(np.uint16)) >> 8):02X}"
        operands.append(Operand(k * 8 + line, a_hex, float(a), f"{int(b.view(np.uint16)):04X}", float(b)))
    bits = int(total.view(np.uint32))
    wrong = bits ^ (ONE_BIT_OFF << int(rng.integers(0, 12)))
    return Mismatch(
        index=[3, 17, 1, 2],
        row=158,
        column=3,
        tile=2,
        line=line,
        operands=operands,
        expected_hex=f"{bits:08X}",
        expected=float(total),
        actual_hex=f"{wrong:08X}",
        actual=float(struct.unpack("<f", struct.pack("<I", wrong))[0]),
        rerun_waves=f"{replay.rerun} --waves",
    )


def failed(replay: Replay, rng: np.random.Generator, mismatches: int) -> Replay:
    """Return `replay` with so many elements differing."""
    return replace(replay, status=Status.FAIL, mismatches=mismatches, failure=mismatch(replay, rng))


def miscounted(replay: Replay) -> Replay:
    """Return `replay` with equal bits but one counter differing."""
    assert replay.macs_skipped is not None
    counters = {**replay.counters, "macs_skipped": Counter(replay.macs_skipped - 16, replay.macs_skipped)}
    return replace(replay, status=Status.FAIL, counters=counters)


def unfinished(replay: Replay, message: str) -> Replay:
    """Return `replay` as one that never finished."""
    return Replay(
        layer=replay.layer,
        step=replay.step,
        status=Status.ERROR,
        geometry=replay.geometry,
        seed=replay.seed,
        rerun=replay.rerun,
        wall_s=30.0,
        model_cycles=replay.model_cycles,
        message=message,
    )


def coverage() -> Coverage:
    """Return a likely coverage with a few points missed."""
    modules = {
        "fp32_add": {"line": HitTotal(31, 31)},
        "pe": {"line": HitTotal(24, 24)},
        "pe_checks": {"user": HitTotal(6, 6), "assertion": HitTotal(9, 9)},
        "pe_line": {"line": HitTotal(57, 58)},
        "pe_line_checks": {"user": HitTotal(11, 12), "assertion": HitTotal(14, 14)},
        "sparse_core": {"line": HitTotal(88, 91)},
        "sparse_core_checks": {"user": HitTotal(21, 21), "assertion": HitTotal(17, 18)},
    }
    missed = [
        MissedPoint("pe_line", "rtl/line/pe_line.sv", 132, "line", "else"),
        MissedPoint(
            "pe_line_checks", "tb/line/pe_line_checks.sv", 61, "user", "cov_queue_full_while_empty_segment"
        ),
        MissedPoint("sparse_core", "rtl/core/sparse_core.sv", 88, "line", "case"),
        MissedPoint("sparse_core", "rtl/core/sparse_core.sv", 203, "line", "if"),
        MissedPoint("sparse_core", "rtl/core/sparse_core.sv", 240, "line", "else"),
        MissedPoint("sparse_core_checks", "tb/core/sparse_core_checks.sv", 44, "assertion", "c_psum_hazard"),
    ]
    kinds = {
        kind: HitTotal(
            sum(one[kind].hit for one in modules.values() if kind in one),
            sum(one[kind].total for one in modules.values() if kind in one),
        )
        for kind in ("line", "user", "assertion")
    }
    return Coverage(kinds, modules, missed)


def run_info() -> RunInfo:
    """Return the facts of a run."""
    return RunInfo(
        suite="resnet18",
        preset=PRESET.name,
        seed=1,
        started="2025-01-31T02:15:00+00:00",
        git=GitInfo("8e645ed1c0ffee0123456789abcdef0123456789", dirty=True),
        tools={
            "verilator": "5.048",
            "cocotb": "2.1.0",
            "python": "3.11.7",
            "numpy": "2.4.1",
            "compiler": "g++ 12.2.0",
        },
        wall_s=183.4,
        build=BuildInfo(41.2, cached=False, model_hash="f00dfeed5eed0123456789abcdef"),
        trace=TraceInfo("regressions/traces/sample.safetensors", "digits", 0.972, 16, 32, 1, "5eed" * 16),
        balancer=True,
        policy="share=0.2",
        stall_permille=0,
        command="./run regress",
        rtl="rtl",
    )


def all_replays(rng: np.random.Generator) -> list[Replay]:
    """Return the 62 replays, all passing."""
    return [
        passing_replay(layer, shape, step, rng)
        for layer, shape in resnet18()
        for step in Step
        if not (layer == "conv1" and step is Step.BP)
    ]


def results(rng: np.random.Generator, *, broken: bool = False) -> Results:
    """Return the results of a run; `broken` puts failures of every kind in it."""
    replays = all_replays(rng)
    gates = [Gate("coverage files", True, "62 files merged"), Gate("line coverage ≥ 95 %", True, "98.0 %")]
    if broken:
        replays = _break(replays, rng)
        gates[0] = Gate(
            "coverage files", False, "coverage/fc-FP.dat: missing; the simulation ended before it wrote it"
        )
    return Results(run_info(), summarise(replays, gates, len(replays)), replays, coverage())


def _break(replays: list[Replay], rng: np.random.Generator) -> list[Replay]:
    by_name = {replay.name: replay for replay in replays}
    for name in ("layer2.0.conv1-WG", "layer3.0.conv1-WG", "layer4.0.conv1-WG"):
        by_name[name] = failed(by_name[name], rng, 1042)
    by_name["layer1.1.conv2-BP"] = failed(by_name["layer1.1.conv2-BP"], rng, 1)
    by_name["layer3.1.conv2-FP"] = miscounted(by_name["layer3.1.conv2-FP"])
    slow = by_name["layer4.1.conv1-FP"]
    assert slow.cycles is not None
    by_name[slow.name] = replace(slow, model_cycles=round(slow.cycles / 1.051))
    hang = (
        "watchdog: no result after {} cycles (predicted 12,001, limit 4x)\n"
        "\x1b[31mlast handshake:\x1b[0m row 37 <i>"
    )
    by_name["fc-FP"] = unfinished(by_name["fc-FP"], hang.format("48,004"))
    by_name["fc-BP"] = unfinished(by_name["fc-BP"], hang.format("50,120"))
    return list(by_name.values())
