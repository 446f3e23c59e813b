"""Figures published for LNPU and a relative, set beside ours; what is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

from regressions.traffic.records import PLAIN, TrafficStudy, ratio
from reports.published import DATA_SHARE, EMA_SAVED, FP8_SHARE, INPUT_SPARSITY, RELATIVE_SAVED
from reports.text import percent
from reports.traffic.figures import (
    DATA,
    best_run_length,
    chosen,
    data_share,
    fp8_share,
    of_tensors,
    pattern_gap,
    zero_share,
)

OPERANDS = ("X", "W", "delta")
WITHOUT_DW = (*OPERANDS, "Y", "dX")


@dataclass(frozen=True)
class Beside:
    """A published figure with its source, and ours, each with what it is."""

    name: str
    published: str
    source: str
    ours: list[tuple[str, str]]


def beside(study: TrafficStudy) -> list[Beside]:
    """Return the published figures beside the study's."""
    transfers, codec = study.transfers, chosen(study)
    listed = [
        Beside(
            "EMA saved by FGMP in ResNet-18 training",
            percent(EMA_SAVED),
            "KAIST thesis 2020",
            [
                (f"{name}, {what}", percent(1 - ratio(part, name)))
                for name in dict.fromkeys(["fgmp", codec])
                if name in study.names
                for what, part in (
                    ("all", transfers),
                    ("without dW, which leaves in FP16", of_tensors(transfers, WITHOUT_DW)),
                )
            ],
        ),
        Beside(
            "Activations X and errors δ in EMA",
            f"about {percent(DATA_SHARE, 0)}",
            "Hot Chips 31 poster",
            [
                ("X and δ read, Y and dX written, plain FP16", percent(data_share(transfers, PLAIN, DATA))),
                ("X and δ read, of all", percent(data_share(transfers, PLAIN, ("X", "delta")))),
                (f"the first with {codec}", percent(data_share(transfers, codec, DATA))),
            ],
        ),
        Beside(
            "Data that FP8 covers, ResNet-18",
            f"about {percent(FP8_SHARE, 0)}",
            "Hot Chips 31 poster",
            [
                (f"non-zeros of {name}", percent(fp8_share(study.tensors, tensors)))
                for name, tensors in (("X, W and δ", OPERANDS), ("X", ("X",)), ("δ", ("delta",)))
            ],
        ),
        Beside(
            "Input sparsity of three networks",
            f"{percent(INPUT_SPARSITY[0], 0)} to {percent(INPUT_SPARSITY[1], 0)}",
            "ISSCC 2019",
            [("zeros in X", percent(zero_share(study.tensors, "X")))],
        ),
        Beside(
            "EMA saved by compression in a relative that prunes weights and gradients",
            percent(RELATIVE_SAVED, 0),
            "Fu and Yang, NTU",
            [(f"{codec}, nothing pruned", percent(1 - ratio(transfers, codec)))],
        ),
    ]
    names = [name for name in ("mask-fp16", best_run_length(study, "fp16")) if name in study.names]
    if names:
        listed.append(
            Beside(
                "A mask's ratio does not depend on where the zeros lie",
                "stated",
                "Fu and Yang, NTU",
                [
                    (f"{name}, at most", f"{pattern_gap(study, name):.2f} bits an element apart")
                    for name in names
                ],
            )
        )
    return listed
