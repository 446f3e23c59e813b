"""What a measured run leaves in the history."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from regressions.run import shown
from reports.history import HistoryError, append, update


def append_to_history(document: Path, history: Path | None, out: Path) -> bool:
    """Append a run to the history and draw its page; what goes wrong there must not cost the report.

    Parameters
    ----------
    document : Path
        Its JSON.
    history : Path or None
        The database; None: it is not wanted.
    out : Path
        Folder of reports.

    Returns
    -------
    bool
        False if it could not be appended, which is told with the command that does so later.
    """
    if history is None:
        return True
    try:
        number = append(document, history)
        for line in update(history, out, number):
            print(line)
    except HistoryError as error:
        later = shlex.join(["--add", str(shown(document)), "--history", str(shown(history))])
        print(f"error: history: {error}\n  later: ./run history {later}", file=sys.stderr)
        return False
    return True
