"""Rows about data: zeros, precision, external memory traffic."""

from __future__ import annotations

from collections.abc import Callable

from golden.geometry import Step
from regressions.fidelity.options import COMMAND
from regressions.fidelity.records import Experiment, FidelityStudy, Network
from reports import published
from reports.fidelity.figures import (
    DATA,
    WITHOUT_DW,
    data_share,
    fp8_share,
    fp8_share_below,
    saved,
    zero_macs,
)
from reports.fidelity.row import (
    ISSCC,
    NEAR,
    OPERANDS,
    POSTER,
    RESNET,
    THESIS,
    Row,
    Standing,
    covered,
    experiment,
    judged,
    near,
    network,
    policies,
    standing,
    unmeasured,
)
from reports.text import percent


def zero_macs_row(study: FidelityStudy) -> Row:
    """MACs with a zero input, and what batch-norm does to them."""
    value = zero_macs(study)
    ours = [(covered(study) or "all layers and steps", percent(value))]
    ours += [(f"{step} alone", percent(zero_macs(study, [step]))) for step in Step]
    captured = study.experiment(Experiment.NETWORKS)
    networks = captured.networks if captured else []
    ours += [(f"{one.name}, full trace", percent(one.skipped())) for one in networks]
    ours += policies(study, Experiment.NETWORKS, Experiment.NO_BATCH_NORM)
    is_near = near(value, published.ZERO_MACS)
    reason, held = "", standing(is_near, False)
    made = study.experiment(Experiment.NO_BATCH_NORM)
    if made is not None and not is_near:
        with_norm, without = made.networks
        bp = [percent(one.skipped([Step.BP])) for one in (with_norm, without)]
        if with_norm.skipped() < published.ZERO_MACS < without.skipped():
            held = Standing.BOUNDED
        reason = (
            f"Batch-norm's backward pass makes δ dense. The same network and recipe with and without it: δ "
            f"{percent(with_norm.zeros('delta'))} and {percent(without.zeros('delta'))} zero, BP skips "
            f"{bp[0]} and {bp[1]}, all steps {percent(with_norm.skipped())} and {percent(without.skipped())} "
            f"({experiment(Experiment.NO_BATCH_NORM)}). The published share lies "
            "between; LNPU's network and way to count are not public."
        )
    elif made is None and not is_near:
        reason = f"what batch-norm does to it, {experiment(Experiment.NO_BATCH_NORM)} measures"
    return Row(
        "MACs with a zero input",
        f"about {percent(published.ZERO_MACS, 0)}",
        POSTER,
        ours,
        "skipped MACs of all MACs, counted by the RTL; layers weighed to one image and all columns",
        COMMAND,
        *judged(study, held, reason),
    )


def input_sparsity_row(study: FidelityStudy) -> Row:
    """Zeros of X by network."""
    low, up = published.INPUT_SPARSITY
    name, text = "Input sparsity by network", f"{percent(low, 0)} to {percent(up, 0)}"
    made = study.experiment(Experiment.NETWORKS)
    if made is None:
        return unmeasured(name, f"{text} (VGG16, AlexNet, ResNet-18)", ISSCC)
    outside = [one.name for one in made.networks if not (1 - NEAR) * low <= one.zeros("X") <= (1 + NEAR) * up]
    return Row(
        name,
        f"{text} (VGG16, AlexNet, ResNet-18)",
        ISSCC,
        [(f"{one.name}, zeros in X", percent(one.zeros("X"))) for one in made.networks],
        "zeros of all captured X, in FP16; 32x32 images, VGG16 and AlexNet in their forms for such images",
        experiment(Experiment.NETWORKS),
        standing(not outside, False),
        f"outside: {', '.join(outside)}; which layers, data and training LNPU's are of is not public"
        if outside
        else "",
    )


def fp8_share_row(study: FidelityStudy) -> Row:
    """FP8 in what FGMP leaves."""
    name, text = "FP8 share of the data, ResNet-18", f"about {percent(published.FP8_SHARE, 0)}"
    found = network(study, RESNET)
    if found is None:
        return unmeasured(name, text, POSTER)
    value, below = fp8_share(found, OPERANDS), fp8_share_below(found, OPERANDS)
    is_near = near(value, published.FP8_SHARE)
    return Row(
        name,
        text,
        POSTER,
        [("X, W and δ", percent(value))]
        + [("δ" if one == "delta" else one, percent(fp8_share(found, [one]))) for one in OPERANDS]
        + policies(study, Experiment.NETWORKS),
        "of the non-zeros after FGMP, by number, in the full trace",
        experiment(Experiment.NETWORKS),
        standing(is_near, below <= published.FP8_SHARE <= value),
        ""
        if is_near
        else f"thresholds are powers of two. One exponent lower, FP8 would cover {percent(below)}",
    )


def data_share_row(study: FidelityStudy) -> Row:
    """X and δ in external memory access."""
    name, text = "X and δ in external memory access", f"about {percent(published.DATA_SHARE, 0)}"
    found = network(study, RESNET)
    if found is None:
        return unmeasured(name, text, POSTER)
    value = data_share(found, DATA)
    is_near = near(value, published.DATA_SHARE)
    return Row(
        name,
        text,
        POSTER,
        [
            ("X and δ read, Y and dX written, plain FP16", percent(value)),
            ("X and δ read alone", percent(data_share(found, ("X", "delta")))),
            ("the first, as the chip stores it", percent(data_share(found, DATA, stored=True))),
            *policies(study, Experiment.NETWORKS),
        ],
        f"each operand and result of a step once, batch {found.trace.batch}, full trace",
        experiment(Experiment.NETWORKS),
        *_by_batch(study, is_near, published.DATA_SHARE, lambda one: data_share(one, DATA)),
    )


def saved_row(study: FidelityStudy) -> Row:
    """What FGMP saves of it."""
    name, text = "External memory access saved by FGMP", percent(published.EMA_SAVED)
    found = network(study, RESNET)
    if found is None:
        return unmeasured(name, text, THESIS)
    value = saved(found)
    is_near = near(value, published.EMA_SAVED)
    return Row(
        name,
        text,
        f"{THESIS}, ResNet-18 training",
        [
            ("all, dW in FP16", percent(value)),
            ("without dW", percent(saved(found, WITHOUT_DW))),
            *policies(study, Experiment.NETWORKS, Experiment.BATCH),
        ],
        f"every bit as stored, masks and pointers included, against plain FP16; batch {found.trace.batch}",
        experiment(Experiment.NETWORKS),
        *_by_batch(study, is_near, published.EMA_SAVED, saved),
    )


def _by_batch(
    study: FidelityStudy, is_near: bool, target: float, figure: Callable[[Network], float]
) -> tuple[Standing, str]:
    """Return how a figure of traffic stands, and what a larger batch makes of it."""
    if is_near:
        return Standing.NEAR, ""
    unknown = "LNPU's batch and image size, which weigh X and δ against W and dW, are not public"
    made = study.experiment(Experiment.BATCH)
    if made is None:
        return Standing.OPEN, f"{unknown}; {experiment(Experiment.BATCH)} measures a larger batch"
    (larger,) = made.networks
    value = figure(larger)
    text = f"with a batch of {larger.trace.batch} it is {percent(value)} ({experiment(Experiment.BATCH)})"
    return standing(False, near(value, target)), f"{text}; {unknown}"
