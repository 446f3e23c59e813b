"""What a worker is told of one replay, and the record of a replay that did not finish."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden.geometry import Step
from regressions.operands import ReplaySettings, replay_name
from regressions.results import LayerShape, Replay, Status
from tb.toolchain import BuildResult

RECORD = "replay.json"
COVERAGE = "coverage.dat"
WAVES = "waves.vcd"


@dataclass(frozen=True)
class Order:
    """What a worker needs to run one replay; all of it goes through a file of the plan."""

    trace: Path
    layer: str
    step: Step
    shape: LayerShape
    settings: ReplaySettings
    folder: Path
    build: BuildResult
    waves: bool
    coverage: bool
    dump: Path | None
    rerun: str

    @property
    def name(self) -> str:
        """Name of the replay."""
        return replay_name(self.layer, self.step)

    def to_json(self) -> dict[str, object]:
        """Return the order as plain values."""
        return json.loads(json.dumps(asdict(self), default=str))  # type: ignore[no-any-return]

    @staticmethod
    def from_json(values: dict[str, Any]) -> Order:
        """Return the order that `to_json` wrote."""
        build, dump = values["build"], values["dump"]
        return Order(
            trace=Path(values["trace"]),
            layer=values["layer"],
            step=Step(values["step"]),
            shape=LayerShape(**values["shape"]),
            settings=ReplaySettings.from_json(values["settings"]),
            folder=Path(values["folder"]),
            build=BuildResult(Path(build["dir"]), Path(build["artifact"]), build["cached"]),
            waves=values["waves"],
            coverage=values["coverage"],
            dump=Path(dump) if dump else None,
            rerun=values["rerun"],
        )


def error_record(order: Order, message: str, wall_s: float = 0.0) -> Replay:
    """Return the record of a replay that did not finish."""
    return Replay(
        layer=order.layer,
        step=order.step,
        status=Status.ERROR,
        geometry=order.shape,
        seed=order.settings.seed,
        rerun=order.rerun,
        wall_s=wall_s,
        message=message,
    )
