"""Smaller replays are what they say, and the search for the smallest that fails is sure to end there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from golden.geometry import ConvGeometry, Step
from golden.lowering import result_tensor
from regressions.tests.triage.cases import make_input
from regressions.triage import reduce
from regressions.triage.shrink import Budget, Shrunk, shrink
from tb.core.replay import Replay, ReplayInput

GEOMETRY = ConvGeometry("layer", 3, 4, 7, 6, 5, kernel=3, stride=2, padding=1)
PLENTY = Budget(2000, 60)


def result(source: ReplayInput) -> np.ndarray:
    """Return the exact result's tensor; sums of whole numbers are the same in any order."""
    replay = Replay(source)
    return result_tensor(replay.lowering, replay.expected)


@pytest.fixture(params=list(Step))
def source(request: pytest.FixtureRequest, rng: np.random.Generator) -> ReplayInput:
    return make_input(request.param, GEOMETRY, rng)


def test_columns(source: ReplayInput) -> None:
    axis = 0 if source.step is Step.WG else 1
    assert np.array_equal(result(reduce.keep_columns(source, [3, 1])), result(source).take([3, 1], axis=axis))


def test_images(source: ReplayInput) -> None:
    kept = reduce.keep_images(source, [2, 0])
    if source.step is not Step.WG:
        assert np.array_equal(result(kept), result(source)[[2, 0]])
        return
    parts = [result(reduce.keep_images(source, [image])).view(np.float32) for image in (0, 2)]
    assert np.array_equal(result(kept).view(np.float32), parts[0] + parts[1])


def test_channels(source: ReplayInput) -> None:
    channels = range(source.a.shape[1])
    if source.step is Step.WG:
        assert np.array_equal(result(reduce.keep_channels(source, [3, 1])), result(source)[:, [3, 1]])
        return
    parts = [result(reduce.keep_channels(source, [one])).view(np.float32) for one in channels]
    assert np.array_equal(sum(parts), result(source).view(np.float32))


def test_pixels_of_the_result(source: ReplayInput) -> None:
    """Away from the edges a cut leaves results as they are; in WG it leaves out products."""
    upper = reduce.crop(source, 2, 0, 3)
    assert upper is not None
    cut = reduce.crop(upper, 3, 0, 2)
    assert cut is not None
    assert (cut.geometry.out_height, cut.geometry.out_width) == (3, 2)
    if source.step is Step.FP:
        assert np.array_equal(result(cut)[:, :, :2, :2], result(source)[:, :, :2, :2])
    elif source.step is Step.BP:
        assert np.array_equal(result(cut)[:, :, :4, :2], result(source)[:, :, :4, :2])
    else:
        assert result(cut).shape == result(source).shape
    lower = reduce.crop(source, 2, 1, 4)
    assert lower is not None
    if source.step is Step.FP:
        assert np.array_equal(result(lower)[:, :, 1:], result(source)[:, :, 2:])
    assert reduce.crop(source, 2, 3, 4) is not None


def test_one_kernel_position(source: ReplayInput) -> None:
    parts = [reduce.one_tap(source, ky, kx) for ky in range(3) for kx in range(3)]
    assert all(part is not None and part.geometry.taps == 1 for part in parts)
    results = [result(part).view(np.float32) for part in parts if part is not None]
    if source.step is Step.FP:
        assert np.array_equal(sum(results), result(source).view(np.float32))
    elif source.step is Step.WG:
        whole = np.concatenate(results, axis=2).reshape(result(source).shape)
        assert np.array_equal(whole, result(source).view(np.float32))
    else:
        assert results[4].sum() <= result(source).view(np.float32).sum()
    assert reduce.one_tap(parts[0], 0, 0) is None  # type: ignore[arg-type]


def test_inner_kernel(source: ReplayInput) -> None:
    inner = reduce.inner_kernel(source)
    assert inner is not None
    assert (inner.geometry.kernel, inner.geometry.padding) == (1, 0)
    assert inner.geometry.delta_shape == source.geometry.delta_shape
    assert result(inner).size > 0
    assert reduce.inner_kernel(inner) is None


@pytest.mark.parametrize("step", [Step.FP, Step.BP])
def test_sums_over_channels_as_sums_over_pixels(step: Step, rng: np.random.Generator) -> None:
    geometry = ConvGeometry("layer", 2, 6, 3, 2, 4, kernel=1, stride=1, padding=0)
    source = make_input(step, geometry, rng)
    turned = reduce.as_weight_gradient(source)
    assert turned is not None
    assert np.array_equal(Replay(turned).expected, Replay(source).expected)
    assert reduce.as_weight_gradient(turned) is None
    assert reduce.as_weight_gradient(make_input(step, GEOMETRY, rng)) is None


# --- The search ---------------------------------------------------------------------------------------


def search(source: ReplayInput, fails: Callable[[ReplayInput], bool], budget: Budget = PLENTY) -> Shrunk:
    """Shrink, and hold the search to its promise: what it returns fails."""
    found = shrink(source, fails, budget)
    assert fails(found.source)
    return found


def size(source: ReplayInput) -> tuple[int, ...]:
    return (source.a.size, source.b.size)


def test_what_always_fails_ends_with_one_product(source: ReplayInput) -> None:
    found = search(source, lambda _: True)
    assert size(found.source) == (1, 1)
    assert found.source.a.item() == found.source.b.item() == reduce.FP16_ONE
    assert found.why == "nothing smaller fails alike"
    assert found.trials < 40


def test_what_needs_all_stays_as_it_is(source: ReplayInput) -> None:
    found = search(source, lambda one: one is source)
    assert found.source is source
    assert found.why == "nothing smaller fails alike"


def test_what_needs_a_size_keeps_it(source: ReplayInput) -> None:
    def fails(one: ReplayInput) -> bool:
        return len(one.columns) >= 2 and one.a.shape[1] >= 3 and one.geometry.out_height >= 2

    found = search(source, fails).source
    assert (len(found.columns), found.a.shape[1], found.geometry.out_height) == (2, 3, 2)
    assert (found.a.shape[0], found.geometry.kernel, found.geometry.out_width) == (1, 1, 1)


def test_what_needs_two_operands_apart_keeps_them(rng: np.random.Generator) -> None:
    geometry = ConvGeometry("layer", 1, 64, 1, 1, 1, kernel=1, stride=1, padding=0)
    source = make_input(Step.FP, geometry, rng)
    a = source.a.copy()
    a[0, [5, 50], 0, 0] = np.array([9, 11], np.float16).view(np.uint16)
    source = replace(source, a=a)

    def fails(one: ReplayInput) -> bool:
        return {9.0, 11.0} <= set(one.a.view(np.float16).reshape(-1).tolist())

    found = search(source, fails)
    assert found.source.a.view(np.float16).reshape(-1).tolist() == [9, 11]
    assert found.trials < 200


def test_the_search_is_the_same_each_time(source: ReplayInput) -> None:
    def fails(one: ReplayInput) -> bool:
        return int(one.a.view(np.float16).sum()) >= 12

    one, other = search(source, fails), search(source, fails)
    assert one.trials == other.trials
    assert np.array_equal(one.source.a, other.source.a)
    assert one.source.geometry == other.source.geometry


def test_bounds_end_it(source: ReplayInput) -> None:
    few = search(source, lambda one: len(one.columns) >= 1, Budget(3, 60))
    assert (few.trials, few.why) == (3, "its 3 trials were used up")
    assert len(few.source.columns) < 5, "what was found until then is kept"
    none = search(source, lambda _: True, Budget(2000, 0))
    assert (none.trials, none.why) == (0, "its 0 s were used up")


def test_an_interrupt_keeps_what_was_found(source: ReplayInput) -> None:
    trials = 0

    def fails(_: ReplayInput) -> bool:
        nonlocal trials
        trials += 1
        if trials == 3:
            raise KeyboardInterrupt
        return True

    found = shrink(source, fails, PLENTY)
    assert (found.interrupted, found.why, found.trials) == (True, "interrupted", 3)
    assert len(found.source.columns) < 5
