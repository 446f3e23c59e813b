"""Triage of a regression: buckets of its failures, and an examination of one replay of each."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from golden.presets import find_preset
from regressions.operands import ReplaySettings, replay_input
from regressions.problems import explain
from regressions.results import Replay as Record
from regressions.results import Status
from regressions.suite.launch import INTERRUPTED
from regressions.traces import Trace
from regressions.triage.bench import Bench, build
from regressions.triage.case import Case
from regressions.triage.examine import Examination, Place, examine
from regressions.triage.observe import read_symptom
from regressions.triage.records import Triage, TriageBucket
from regressions.triage.reduce import as_weight_gradient, own_columns
from regressions.triage.settings import TriageSettings
from regressions.triage.symptom import BITS, Group, Symptom, group
from tb.toolchain import REPO_ROOT, RTL_ROOT

FOLDER = "triage"
EXAMINED = 4
"""Buckets that are examined, those of the most replays; the time of all is bounded so."""
MERGE_TRIAL_S = 30.0
NOT_EXAMINED = f"not examined: only the {EXAMINED} largest buckets are"


@dataclass(frozen=True)
class Failed:
    """What triage needs of a regression.

    Attributes
    ----------
    replays : sequence of regressions.results.Replay
        All of them.
    folders : mapping of str to Path
        Where each replay's worker left its files.
    cycles : mapping of str to int
        Predicted cycles of each replay.
    folder : Path
        The run's folder, in which ``results.json`` lies.
    trace, settings, rtl
        As the regression had them.
    """

    replays: Sequence[Record]
    folders: Mapping[str, Path]
    cycles: Mapping[str, int]
    folder: Path
    trace: Path
    settings: ReplaySettings
    rtl: Path


def triage(failed: Failed, settings: TriageSettings) -> Triage | None:
    """Group the failures and examine one replay of each group; None if nothing failed.

    Neither an interrupt nor a problem of triage itself is raised: what was found until then is returned.
    """
    begin = time.monotonic()
    work = _Work(failed, settings)
    problem: str | None = None
    try:
        if not work.group():
            return None
        work.examine_all()
    except KeyboardInterrupt:
        problem = "interrupted"
    except Exception as error:
        problem = explain(error)
    return Triage(work.buckets(), time.monotonic() - begin, problem)


def shown(path: Path) -> Path:
    """Return `path` as a user of the repository would write it."""
    return path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path


class _Work:
    def __init__(self, failed: Failed, settings: TriageSettings) -> None:
        self._failed = failed
        self._settings = settings
        broken = [replay for replay in failed.replays if replay.status is not Status.PASS]
        self._broken = [replay for replay in broken if replay.message != INTERRUPTED]
        self._interrupted = len(self._broken) < len(broken)
        self._groups: list[Group] = []
        self._found: dict[str, tuple[str, Examination]] = {}

    def group(self) -> bool:
        """Put the broken replays into groups; return whether there are any."""
        folders = self._failed.folders
        symptoms = [
            read_symptom(folders.get(one.name, self._failed.folder / one.name), one) for one in self._broken
        ]
        self._groups = group(symptoms)
        return bool(self._groups)

    def examine_all(self) -> None:
        """Examine the largest groups, sums over channels first: those can be tried as sums over pixels."""
        if self._interrupted:  # the user wants an end
            raise KeyboardInterrupt
        chosen = sorted(
            self._groups[:EXAMINED], key=lambda one: one.symptom.facts.get("sums", []) == ["intra"]
        )
        failed, chip = self._failed, self._failed.settings.chip
        preset = find_preset(failed.settings.preset)
        gated = chip is not None and chip.slow_core is not None
        number = "1 bucket" if len(self._groups) == 1 else f"{len(self._groups)} buckets"
        say(f"{number} of failures; building preset {preset.name} for reruns, unless it is built already")
        library = build(preset, chip=chip is not None, gated=gated, rtl=failed.rtl).artifact
        with ExitStack() as stack:
            folder = failed.folder / FOLDER / "bench"
            bench = stack.enter_context(
                Bench(library, preset.name, chip=chip is not None, gated=gated, folder=folder)
            )
            for one in chosen:
                if one not in self._groups:
                    continue  # merged with another one meanwhile
                representative = self._representative(one)
                found = self._examine(one, representative, bench)
                self._found[one.name] = (representative.name, found)
                say(f"{one.name}: {representative.name}: {found.note}")
                if found.interrupted:
                    raise KeyboardInterrupt
                self._merge(one, found, bench)

    def _examine(self, one: Group, representative: Record, bench: Bench) -> Examination:
        try:
            case = self._case(representative, one)
        except Exception as error:
            return Examination(note=f"its operands cannot be had again: {explain(error).splitlines()[0]}")
        return examine(case, one.symptom, bench, self._settings, self._place(one.name))

    def _case(self, replay: Record, one: Group) -> Case:
        failed = self._failed
        layer = Trace.open(failed.trace, verify=False).load(replay.layer)
        source = own_columns(replay_input(layer, replay.step, failed.settings))
        settings = failed.settings
        return Case(source, settings.chip, settings.policy, one.name, one.symptom, replay.name)

    def _place(self, name: str) -> Place:
        rtl = self._failed.rtl
        options = () if rtl == RTL_ROOT else ("--rtl", str(shown(rtl)))
        return Place(self._failed.folder, self._failed.folder / FOLDER / name, shown, options)

    def _representative(self, one: Group) -> Record:
        members = [self._broken[at] for at in one.members]
        return min(members, key=lambda replay: self._failed.cycles.get(replay.name, 0))

    def _merge(self, one: Group, found: Examination, bench: Bench) -> None:
        """Join the group of sums over pixels if the shrunk case fails there too, summed so."""
        alike = [other for other in self._groups if _only_sums_differ(one.symptom, other.symptom)]
        turned = as_weight_gradient(found.source) if found.source is not None else None
        if not alike or turned is None:
            return
        case = Case(turned, self._failed.settings.chip, self._failed.settings.policy, "", one.symptom, "")
        symptom = bench.run(case, MERGE_TRIAL_S).symptom
        for other in alike:
            if symptom is None or other.symptom.joined(symptom) is None:
                continue
            at = self._groups.index(one)
            common = _without_sums(one.symptom).joined(_without_sums(other.symptom)) or one.symptom
            joined = Group(common, sorted([*one.members, *other.members]), one.name)
            self._groups[at] = joined
            self._groups.remove(other)
            one = joined

    def buckets(self) -> list[TriageBucket]:
        """Return what is known of each group."""
        buckets = []
        for place, one in enumerate(self._groups):
            waiting = Examination(note=NOT_EXAMINED if place >= EXAMINED else "not examined")
            representative = self._representative(one).name
            representative, found = self._found.get(one.name, (representative, waiting))
            buckets.append(
                TriageBucket(
                    name=one.name,
                    reason=one.symptom.reason,
                    replays=[self._broken[at].name for at in one.members],
                    representative=representative,
                    original=found.original,
                    shrunk=found.shrunk,
                    trials=found.trials,
                    seconds=found.seconds,
                    note=found.note,
                    related=[
                        other.name
                        for other in self._groups
                        if other is not one and any(other.symptom.joined(seen) for seen in found.others)
                    ],
                )
            )
        return sorted(buckets, key=lambda bucket: -len(bucket.replays))


def _without_sums(symptom: Symptom) -> Symptom:
    facts = {fact: values for fact, values in symptom.facts.items() if fact != "sums"}
    return replace(symptom, facts=facts)


def _only_sums_differ(one: Symptom, other: Symptom) -> bool:
    return (
        one.kind == BITS
        and one.facts.get("sums") == ["inter"]
        and other.facts.get("sums") == ["intra"]
        and _without_sums(one).joined(_without_sums(other)) is not None
    )


def say(text: str) -> None:
    """Tell the user what is going on."""
    print(f"triage: {text}", file=sys.stderr, flush=True)
