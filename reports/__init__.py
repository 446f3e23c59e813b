"""Turns the results of a regression into a page, tables and files for machines."""

from regressions.json_codec import ResultsError
from reports.coverage import attach
from reports.schema import validate
from reports.writer import ReportError, write
from tb.coverage.points import CoverageError

__all__ = ["CoverageError", "ReportError", "ResultsError", "attach", "validate", "write"]
