"""What of the design was not counted at all."""

from __future__ import annotations

from pathlib import Path

from tb.coverage.design import uncounted
from tb.coverage.points import Kind, Point


def test_a_file_without_points_is_named(tmp_path: Path) -> None:
    texts = {
        "pe/counted.sv": "  always_comb begin\n",
        "pe/forgotten.sv": "  always_ff @(posedge clk_i) begin\n",
        "pe/wires.sv": "  assign always_on = 1'b1;\n",
    }
    for name, text in texts.items():
        path = tmp_path / "rtl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    points = [
        Point("counted", "rtl/pe/counted.sv", 1, 1, Kind.LINE, "block"),
        Point("forgotten", "rtl/pe/forgotten.sv", 1, 1, Kind.TOGGLE, "a"),
    ]
    assert uncounted(points, tmp_path) == ["rtl/pe/forgotten.sv"]
