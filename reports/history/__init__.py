"""The history of runs: an embedded database to which each run appends its figures, and what it tells.

`database` keeps it, `figures` says what is kept of a run, `record` appends, `changes` finds the run in which
a figure changed, `page` draws, and ``python -m reports.history`` (`./run history`) lists and asks.
"""

from reports.history.database import HistoryError
from reports.history.page import update
from reports.history.record import append, record

__all__ = ["HistoryError", "append", "record", "update"]
