"""One iteration of training."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from regressions.capture.training import classification_loss
from regressions.training.arithmetic import TENSORS, Layer
from regressions.training.errors import DivergedError
from regressions.training.optimizers import round_masters
from regressions.training.state import State

SHARES_EVERY = 10
"""Iterations from one record of the groups' shares to the next."""
MOST_SKIPPED = 50
"""Iterations in a row that may change no weight."""


def iterate(state: State, images: Tensor, labels: Tensor, rate: float, half_masters: bool) -> float:
    """Run one iteration and record it; return its loss.

    Parameters
    ----------
    state : State
        Is changed.
    images, labels : Tensor
        float32 [N, C, S, S] and int64 [N].
    rate : float
        Learning rate.
    half_masters : bool
        Whether the products' weights are rounded to FP16 after the update.

    Raises
    ------
    DivergedError
        If the loss is not finite, or no weight has changed for too long.
    """
    record = state.record
    number = record.done + 1
    with_shares = False
    if state.arithmetic is not None and state.arithmetic.codings is not None:
        with_shares = number == 1 or number % SHARES_EVERY == 0
        state.arithmetic.keep_shares = with_shares
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    state.optimizer.zero_grad(set_to_none=True)
    loss = classification_loss(state.model(images), labels)
    value = float(loss.item())
    if not math.isfinite(value):
        raise DivergedError(
            number, f"the loss is {value} in iteration {number}", "train with a lower --learning-rate"
        )
    (loss * state.scale.value).backward()
    record.losses.append(value)
    record.scales.append(state.scale.value)
    finite = state.scale.unscale([p.grad for p in state.model.parameters() if p.grad is not None])
    state.scale.update(finite)
    if finite:
        state.optimizer.step()
        if half_masters:
            round_masters(state.model)
    else:
        _skip(state, number)
    if with_shares:
        record.shares.append(_shares(number, state.layers))
    return value


def _skip(state: State, number: int) -> None:
    skipped = state.record.skipped
    skipped.append(number)
    if skipped[-MOST_SKIPPED:] == list(range(number - MOST_SKIPPED + 1, number + 1)):
        raise DivergedError(
            number,
            f"the gradients of {MOST_SKIPPED} iterations in a row, up to iteration {number}, are not finite",
            "train with a lower --loss-scale, or with --loss-scale dynamic",
        )


def _shares(number: int, layers: dict[str, Layer]) -> dict[str, Any]:
    """Sum what FGMP made of each tensor over the layers."""
    result: dict[str, Any] = {"iteration": number}
    for tensor in TENSORS:
        shares = {name: layer.shares[tensor] for name, layer in layers.items() if tensor in layer.shares}
        if shares:
            result[tensor] = {
                "elements": sum(share.elements for share in shares.values()),
                "nonzeros": sum(share.nonzeros for share in shares.values()),
                "fp16": sum(share.fp16 for share in shares.values()),
                "e_thr": {name: share.e_thr for name, share in shares.items()},
            }
    return result
