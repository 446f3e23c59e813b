"""A reproducer: operands, shape and settings of one failing case in one file, and never a result.

What is right is computed anew each time by the golden model.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from golden.fgmp import FgmpError
from golden.geometry import GeometryError
from regressions.chip.settings import ChipSettings
from regressions.json_codec import ResultsError, decode
from regressions.triage.symptom import Symptom
from tb.core.replay import ReplayInput, ReplayInputError

SUFFIX = ".npz"


class CaseError(ValueError):
    """A file is no reproducer."""


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes
    ----------
    source : ReplayInput
    chip : ChipSettings or None
        None: on one sparse core.
    policy : str
        FGMP threshold policy of a chip's results.
    bucket : str
        Name of the bucket that it stands for.
    symptom : Symptom
        What it showed.
    origin : str
        The replay that it comes from.
    """

    source: ReplayInput
    chip: ChipSettings | None
    policy: str
    bucket: str
    symptom: Symptom
    origin: str

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz``, which is a replay's input too (`ReplayInput.load`)."""
        self.source.save(path)
        fields = {
            "chip": asdict(self.chip) if self.chip else None,
            "policy": self.policy,
            "bucket": self.bucket,
            "symptom": self.symptom.to_json(),
            "origin": self.origin,
        }
        with (
            path.open("r+b") as file,
            zipfile.ZipFile(file, "a") as archive,
            archive.open("case.npy", "w") as to,
        ):
            np.lib.format.write_array(to, np.array(json.dumps(fields)))

    @staticmethod
    def load(path: Path) -> Case:
        """Read what `save` wrote; raise `CaseError` naming the file and what is wrong with it."""
        if not path.is_file():
            raise CaseError(f"{path}: no such file; a report of failures names its reproducers")
        try:
            source = ReplayInput.load(path)
            with np.load(path) as file:
                fields = json.loads(str(file["case"]))
            return Case(
                source,
                ChipSettings(**fields["chip"]) if fields["chip"] else None,
                fields["policy"],
                fields["bucket"],
                decode(Symptom, fields["symptom"], "symptom"),
                fields["origin"],
            )
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            known = (ReplayInputError, ResultsError, GeometryError, FgmpError)
            what = str(error) if isinstance(error, known) else f"{type(error).__name__}: {error}"
            raise CaseError(
                f"{path}: no reproducer of this version ({what}); run the regression again"
            ) from error
