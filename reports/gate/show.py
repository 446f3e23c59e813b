"""A verdict as text: a table for the terminal, and Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reports.gate.compare import Comparison, Finding, Outcome, Total
from reports.gate.since import Changes
from reports.gate.verdict import Verdict
from reports.text import MISSING, signed_percent

TERMINAL_ROWS = 40
MARKDOWN_ROWS = 200
"""Findings of one outcome that are listed; a pull request shows no more than a megabyte."""
HEAD = ("where", "what", "baseline", "now", "change", "allowed")
CHANGES_HEAD = ("where", "what", "before", "now", "change", "allowed")
SPEED = "Simulation speed is not gated: machines differ."


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line."""
    worse, better = len(verdict.of(Outcome.WORSE)), len(verdict.of(Outcome.BETTER))
    compared = sum(one.compared for one in verdict.comparisons)
    word = "PASS" if verdict.passed else "FAIL"
    return f"{word}: {worse} worse, {better} better, of {compared:,} compared with the baseline"


def terminal_lines(verdict: Verdict) -> list[str]:
    """Return the lines that the gate prints."""
    lines = [f"gate: {headline(verdict)}", *_terminal_findings(verdict.comparisons, HEAD)]
    for comparison in verdict.comparisons:
        changed = [one for one in comparison.totals if one.before != one.after]
        if changed:
            lines += ["", f"totals: {comparison.title}"]
            lines += _columns([_total_cells(one) for one in changed])
    notes = [f"not measured: {name}" for name in verdict.not_measured]
    notes += [*verdict.notes, *(note for one in verdict.comparisons for note in one.notes)]
    within = sum(one.within for one in verdict.comparisons)
    if within:
        notes.append(f"{within} figures changed within their tolerance")
    return [*lines, *([""] if notes else []), *notes, *_advice(verdict)]


def terminal_changes(changes: Changes) -> list[str]:
    """Return what the gate prints of a baseline that itself changed."""
    lines = [
        f"baseline: {changes_headline(changes)}",
        *_terminal_findings(changes.comparisons, CHANGES_HEAD),
    ]
    return [*lines, *([""] if len(lines) > 1 and changes.notes else []), *changes.notes]


def changes_headline(changes: Changes) -> str:
    """Return in one line whether the baseline itself changed, and how."""
    since = f"since {changes.ref}"
    if changes.missing:
        return f"{changes.missing}: that of this tree is compared with nothing"
    if not changes.changed:
        return f"itself unchanged {since}"
    worse, better = len(changes.of(Outcome.WORSE)), len(changes.of(Outcome.BETTER))
    return f"THE BASELINE ITSELF CHANGED {since}: {worse} worse, {better} better; a person decides"


def _terminal_findings(comparisons: Sequence[Comparison], head: Sequence[str]) -> list[str]:
    lines = []
    for outcome in Outcome:
        for comparison in comparisons:
            findings = comparison.of(outcome)
            if findings:
                lines += ["", f"{outcome}: {comparison.title}"]
                lines += _columns([head, *(_cells(one) for one in findings[:TERMINAL_ROWS])])
                if len(findings) > TERMINAL_ROWS:
                    lines.append(f"  and {len(findings) - TERMINAL_ROWS} more: see the Markdown summary")
    return lines


def markdown(verdict: Verdict, changes: Changes | None = None) -> str:
    """Return the summary of a pull request; `changes` are those of the baseline itself, if asked for."""
    mark = "✅" if verdict.passed else "❌"
    parts = [f"## {mark} Gate {headline(verdict)}"]
    if changes is not None:
        parts.append(_markdown_changes(changes))
    worse, better = verdict.of(Outcome.WORSE), verdict.of(Outcome.BETTER)
    if worse:
        parts.append(_tables("### Worse", worse))
    rows = [(one.title, *_total_cells(total)) for one in verdict.comparisons for total in one.totals]
    if rows:
        parts.append("### Totals\n\n" + _table(("run", "figure", "baseline", "now", "change"), rows))
    if better:
        body = _tables("", better)
        parts.append(f"<details><summary>Better: {len(better)}</summary>\n\n{body}\n\n</details>")
    notes = [f"Not measured: {name}" for name in verdict.not_measured]
    notes += [*verdict.notes, *(note for one in verdict.comparisons for note in one.notes)]
    notes += [
        f"{one.title}: {one.compared:,} compared, {one.within} of them changed within tolerance"
        for one in verdict.comparisons
    ]
    notes += [*_advice(verdict), SPEED]
    parts.append("\n".join(f"- {_escape(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def markdown_error(message: str, changes: Changes | None = None) -> str:
    """Return the summary where nothing could be compared."""
    text = f"## ❌ Gate: could not compare\n\n{_escape(message)}\n"
    return text if changes is None else f"{text}\n{_markdown_changes(changes)}\n"


def _markdown_changes(changes: Changes) -> str:
    """Return the section on the baseline itself, tables open: what it hides, nothing else shows."""
    if not changes.changed:
        return f"Baseline: {_escape(changes_headline(changes))}"
    parts = [f"### ⚠️ {_escape(changes_headline(changes))}"]
    for outcome in Outcome:
        findings = changes.of(outcome)
        if findings:
            parts.append(_tables(f"#### The baseline: {outcome}", findings, CHANGES_HEAD))
    if changes.notes:
        parts.append("\n".join(f"- {_escape(note)}" for note in changes.notes))
    return "\n\n".join(parts)


def _advice(verdict: Verdict) -> list[str]:
    if not verdict.passed:
        return ["a change that is meant: ./run baseline takes it over, for the review to see"]
    return ["./run baseline keeps the gain"] if verdict.of(Outcome.BETTER) else []


def _cells(finding: Finding) -> tuple[str, ...]:
    if finding.before is None or finding.after is None:
        return (finding.place, finding.name, finding.note)
    return (
        finding.place,
        finding.name,
        number(finding.before),
        number(finding.after),
        change(finding.before, finding.after),
        number(finding.allowed) if finding.allowed else "none",
    )


def _total_cells(total: Total) -> tuple[str, ...]:
    return (
        total.name,
        number(total.before),
        number(total.after),
        change(total.before, total.after) if total.before != total.after else "=",
    )


def number(value: float) -> str:
    """Return a figure: whole numbers with their thousands apart, others to six digits or more."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) >= 1000 else f"{value:.6g}"


def change(before: float, after: float) -> str:
    """Return the change relative to `before`, or the number itself where there is nothing to relate it to."""
    if not before:
        return f"+{number(after)}" if after > 0 else MISSING
    relative = after / before - 1
    return signed_percent(relative, 2 if abs(relative) >= 5e-4 else 5)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align rows; the last cell of a short row, a note, takes the rest of its line."""
    full = [row for row in rows if len(row) == len(rows[0])] or rows
    widths = [max(len(row[index]) for row in full) for index in range(len(full[0]))]
    for row in rows:
        for index, cell in enumerate(row[:2]):
            widths[index] = max(widths[index], len(cell))
    lines = []
    for row in rows:
        cells = [cell.ljust(widths[index]) if index < 2 else cell for index, cell in enumerate(row)]
        if len(row) == len(rows[0]):
            cells = [cell.rjust(widths[index]) if index >= 2 else cell for index, cell in enumerate(cells)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _tables(title: str, findings: Sequence[tuple[Comparison, Finding]], head: Sequence[str] = HEAD) -> str:
    parts = [title] if title else []
    shown = findings[:MARKDOWN_ROWS]
    for name, group in groupby(shown, key=lambda pair: pair[0].title):
        rows = []
        for _, finding in group:
            cells = _cells(finding)
            rows.append(cells if len(cells) == len(HEAD) else (*cells[:2], "", cells[2], "", ""))
        parts.append(f"**{_escape(name)}**\n\n" + _table(head, rows))
    if len(findings) > len(shown):
        parts.append(f"and {len(findings) - len(shown)} more")
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_escape(cell) for cell in line) + " |" for line in lines)


def _escape(text: str) -> str:
    """Return `text` as it stands in a cell or a list: no markup, no line breaks."""
    for character in "\\|<>*_":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
