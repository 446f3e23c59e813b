"""Top of the page: the verdict in words, key figures, and where cycles are lost."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from regressions.chip.records import Bound, ChipHardware
from regressions.results import Coverage, HitTotal, Replay, Results, Status
from reports.page.failures import Bucket
from reports.page.totals import (
    EACH_TARGET,
    MEAN_TARGET,
    ROOF_BATCH,
    ROOF_MEMORY,
    ROOF_TARGET,
    by_step,
    measured,
    model_deviation,
    outside_model,
    roof_cycles,
    share_of_tolerance,
    total,
    under_roof_target,
    under_target,
)
from reports.published import EMA_SAVED, ZERO_MACS
from reports.schema import COVERAGE_KINDS
from reports.text import count, energy, first_line, macs, percent, ratio, signed_percent


@dataclass(frozen=True)
class Tile:
    """A key figure; `bad` if it misses its target."""

    name: str
    value: str
    note: str
    bad: bool = False


@dataclass(frozen=True)
class StallRow:
    """One cause of stalls: its cycles in all and by step, and its share of all stalls."""

    cause: str
    cycles: int
    share: float
    by_step: list[int]


def headline(results: Results) -> str:
    """Return the title of the window: the verdict first, so that a row of tabs can be read."""
    summary = results.summary
    counts = f"{summary.pass_}/{summary.planned}"
    return f"{summary.verdict.upper()} {counts} · {results.run.suite} · {results.run.preset}"


def verdict_sentence(results: Results) -> str:
    """Return why the verdict is what it is."""
    summary = results.summary
    sentence = f"{summary.pass_} of {summary.planned} replays equal the golden model bit for bit"
    if summary.fail:
        sentence += f", {summary.fail} {'differs' if summary.fail == 1 else 'differ'}"
    if summary.error:
        sentence += f", {summary.error} did not finish"
    broken = [gate.name for gate in summary.gates if not gate.passed]
    if broken:
        return f"{sentence}; {'gate' if len(broken) == 1 else 'gates'} broken: {', '.join(broken)}."
    return f"{sentence}; all {len(summary.gates)} gates hold." if summary.gates else f"{sentence}."


def first_problem(results: Results) -> str:
    """Return in one line what went wrong first, for the terminal; empty if all went well."""
    for replay in results.replays:
        if replay.status is not Status.PASS:
            differing = f"{count(replay.mismatches)} of {count(replay.elements)} elements differ"
            return f"{replay.name}: {first_line(replay.message or '') or differing}"
    broken = [gate for gate in results.summary.gates if not gate.passed]
    return f"{broken[0].name}: {first_line(broken[0].detail)}" if broken else ""


def where_to_start(buckets: Sequence[Bucket]) -> Replay | None:
    """Return the replay to look at first: of the first group of failures the one that takes least time."""
    members = [card.replay for card in buckets[0].cards] if buckets else []
    return min(members, key=lambda one: one.model_cycles or 0, default=None)


def key_figures(results: Results) -> list[Tile]:
    """Return the run's key figures."""
    everything = total(results.replays)
    ran = measured(results.replays)
    tiles = [
        *_utilization_tiles(results),
        Tile("Speed-up over dense FP16", f"{ratio(everything.speedup)} ×", "all layers and steps, same PEs"),
        *(_model_tile(ran) if results.run.hardware is None else []),
        Tile(
            "MACs skipped",
            percent(everything.zero_macs),
            f"zero input; published about {percent(ZERO_MACS, 0)}",
        ),
        Tile(
            "EMA saved", percent(everything.ema_saved), f"against plain FP16; published {percent(EMA_SAVED)}"
        ),
        Tile(
            "Energy, first estimate",
            energy(everything.energy_pj),
            f"{energy(everything.on_chip_pj)} of it on chip",
        ),
    ]
    done = sum(_macs_done(replay) for replay in ran)
    spent = sum(_macs_done(replay) / replay.macs_per_second for replay in ran if replay.macs_per_second)
    if spent:
        tiles.append(
            Tile("Simulation speed", f"{macs(done / spent)}/s", "a host core, skipped MACs not counted")
        )
    return tiles


def _macs_done(replay: Replay) -> int:
    return (replay.macs_fp8 or 0) + (replay.macs_fp16 or 0)


def _utilization_tiles(results: Results) -> list[Tile]:
    if results.run.hardware is not None:
        return _roof_tiles(results, results.run.hardware)
    chosen = under_target(results)
    if not chosen:
        return []
    mean = sum(replay.utilization or 0.0 for replay in chosen) / len(chosen)
    low = min(chosen, key=lambda replay: replay.utilization or 0.0)
    offs = [one.utilization_balancer_off for one in chosen if one.utilization_balancer_off is not None]
    off = f"; balancer off {ratio(sum(offs) / len(offs))}" if offs else ""
    return [
        Tile(
            "Utilization in FP and WG, mean",
            ratio(mean, 3),
            f"target {MEAN_TARGET:.2f}{off}",
            mean < MEAN_TARGET,
        ),
        Tile(
            "Utilization in FP and WG, lowest",
            ratio(low.utilization, 3),
            f"{low.layer} {low.step}, target {EACH_TARGET:.2f}",
            (low.utilization or 0) < EACH_TARGET,
        ),
    ]


def _roof_tiles(results: Results, hardware: ChipHardware) -> list[Tile]:
    """Return what was reached of the layers' rooflines; the target holds for one batch and one memory."""
    tiles = []
    chosen = [(one, one.chip.roofline) for one in under_roof_target(results) if one.chip is not None]
    if chosen:
        mean = sum(roofline.reached for _, roofline in chosen) / len(chosen)
        trace = results.run.trace
        judged = (
            hardware.memory_bytes_per_cycle == ROOF_MEMORY
            and hardware.slow_core is None
            and trace is not None
            and trace.batch >= ROOF_BATCH
        )
        target = f"target {ROOF_TARGET:.2f}" if judged else f"target {ROOF_TARGET:.2f} at batch {ROOF_BATCH}"
        memory = "" if judged else f" and {ROOF_MEMORY} bytes a cycle"
        tiles.append(
            Tile(
                "Of each layer's roofline, mean",
                ratio(mean, 3),
                f"FP and WG of 3x3 kernels; {target}{memory}",
                judged and mean < ROOF_TARGET,
            )
        )
    ran = [one for one in measured(results.replays) if one.chip is not None]
    if ran:
        bound = [one for one in ran if one.chip is not None and one.chip.roofline.bound is Bound.COMPUTE]
        work = sum(roof_cycles(one) for one in ran)
        share = sum(roof_cycles(one) for one in bound) / work if work else 0.0
        tiles.append(
            Tile(
                "Bound by compute",
                percent(share),
                f"of the roofline's cycles; {len(bound)} of {len(ran)} replays",
            )
        )
    return tiles


def _model_tile(ran: list[Replay]) -> list[Tile]:
    if not ran:
        return []
    worst = max(ran, key=share_of_tolerance)
    outside = sum(outside_model(replay) for replay in ran)
    note = f"{outside} outside max(2 %, 32)" if outside else "all within max(2 %, 32)"
    deviation = signed_percent(model_deviation(worst), 2)
    return [Tile("Cycles vs model, worst", deviation, f"{worst.layer} {worst.step}; {note}", bool(outside))]


def stalls(results: Results) -> list[StallRow]:
    """Return the stall cycles by cause, the largest first."""
    sums = {step: _stall_sums(group) for step, group in by_step(results.replays).items()}
    everything = _merge(sums.values())
    all_cycles = sum(everything.values())
    return [
        StallRow(cause, cycles, cycles / all_cycles, [sums[step][cause] for step in sums])
        for cause, cycles in everything.most_common()
        if all_cycles
    ]


def _stall_sums(replays: Iterable[Replay]) -> Tally[str]:
    return _merge(Tally(replay.stalls) for replay in replays)


def _merge(tallies: Iterable[Tally[str]]) -> Tally[str]:
    result: Tally[str] = Tally()
    for tally in tallies:
        result.update(tally)
    return result


def counted_kinds(coverage: Coverage | None) -> list[str]:
    """Return the kinds of which any point was counted: a chip of several cores counts lines alone."""
    return [kind for kind in COVERAGE_KINDS if coverage is None or coverage.kinds[kind].total]


def modules_worst_first(coverage: Coverage | None) -> list[tuple[str, dict[str, HitTotal]]]:
    """Return the modules with the one whose worst kind is lowest first."""

    def worst(item: tuple[str, dict[str, HitTotal]]) -> tuple[float, str]:
        name, kinds = item
        return min((count.hit / count.total for count in kinds.values() if count.total), default=1.0), name

    return sorted(coverage.modules.items(), key=worst) if coverage else []
