"""What the study says on the terminal."""

from __future__ import annotations

from regressions.traffic.records import TrafficStudy
from reports.text import percent, size
from reports.traffic.figures import TENSORS, codec_rows, least_share
from reports.traffic.published import beside

SAMPLE_NOTE = (
    "a sample of {columns} columns: the shares of its tensors are not those of training; "
    "--full or --trace takes a whole trace"
)


def lines(study: TrafficStudy) -> list[str]:
    """Return the table of codecs, the published figures beside ours, and a warning for a sample."""
    said = [
        " ".join(f"{text:>{width}}" for text, width in zip(_heads(), _WIDTHS, strict=True)),
        *(
            " ".join(
                f"{text:>{width}}"
                for text, width in zip(
                    [row.name, size(row.bytes), f"{row.ratio:.4f}", *map(_share, row.tensors)],
                    _WIDTHS,
                    strict=True,
                )
            )
            for row in codec_rows(study)
        ),
    ]
    for one in beside(study):
        ours = ", ".join(f"{value} ({what})" for what, value in one.ours)
        said.append(f"{one.name}: published {one.published} ({one.source}); here {ours}")
    mixed = least_share(study, "fgmp")
    if mixed is not None:
        said.append(f"each tensor under the FGMP codec that is best for it: {percent(1 - mixed)} saved")
    if study.run.sample is not None:
        said.append(SAMPLE_NOTE.format(columns=study.run.sample))
    return said


_WIDTHS = (10, 9, 8, *(7 for _ in TENSORS))


def _heads() -> list[str]:
    return ["codec", "bytes", "of FP16", *TENSORS]


def _share(value: float | None) -> str:
    return percent(value)
