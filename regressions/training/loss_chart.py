"""The losses of two runs as a small chart: an SVG file of its own, with nothing from outside.

The reports' charts live in pages and take colours from their style; this one stands beside a CSV.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 34, 34
_TICKS = 5
_STYLE = """\
text { font: 11px system-ui, sans-serif; fill: #5a6473; }
.name { font-size: 12px; fill: #1b2230; }
.grid { stroke: #dde1e7; }
.loss { fill: none; stroke: #1f5fbf; stroke-width: 1.6; stroke-linejoin: round; }
.loss.beside { stroke: #e07b1a; stroke-dasharray: 5 3; }
"""

Rows = Sequence[tuple[int, float, float]]


def loss_chart(rows: Rows, name: str, beside: str) -> str:
    """Return the chart of iteration, loss and loss beside; `name` and `beside` say what the runs are.

    The axis of the loss begins at zero.
    """
    first, last = rows[0][0], rows[-1][0]
    highest = max(max(mine, others) for _, mine, others in rows)
    step = _step(highest)
    top = step * max(1, math.ceil(highest / step - 1e-9))

    def x(iteration: int) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (iteration - first) / max(1, last - first)

    def y(loss: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * loss / top

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    for tick in (index * step for index in range(round(top / step) + 1)):
        height = f"{y(tick):.1f}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{height}" y2="{height}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<text x="{_LEFT}" y="{HEIGHT - 12}">iteration {first}</text>')
    parts.append(f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 12}" text-anchor="end">{last}</text>')
    for place, (css, label) in enumerate((("loss", name), ("loss beside", beside))):
        left = _LEFT + place * (WIDTH - _LEFT - _RIGHT) / 2
        points = " ".join(f"{x(row[0]):.1f},{y(row[1 + place]):.1f}" for row in rows)
        parts.append(f'<line class="{css}" x1="{left:.1f}" x2="{left + 24:.1f}" y1="16" y2="16"/>')
        parts.append(f'<text class="name" x="{left + 30:.1f}" y="20">{escape(label)}</text>')
        parts.append(f'<polyline class="{css}" points="{points}"/>')
    title = f"Training loss: {escape(name)} beside {escape(beside)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _step(highest: float) -> float:
    """Return a round distance of ticks, about `_TICKS` of them up to the highest loss."""
    if highest <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(highest / _TICKS))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= highest / _TICKS * (1 - 1e-9))
