"""Traces: what one iteration of real training saw at every convolution and fully connected layer.

Needs NumPy and safetensors, not PyTorch.
"""

from __future__ import annotations

from pathlib import Path

from regressions.traces.layer import LayerTrace
from regressions.traces.reader import Trace
from regressions.traces.schema import TraceError, TraceRun
from regressions.traces.statistics import TensorStatistics
from regressions.traces.writer import write_sample, write_trace

__all__ = [
    "SAMPLE_PATH",
    "LayerTrace",
    "TensorStatistics",
    "Trace",
    "TraceError",
    "TraceRun",
    "write_sample",
    "write_trace",
]

SAMPLE_PATH = Path(__file__).with_name("sample.safetensors")
"""The sample of ResNet-18 that the repository ships."""
