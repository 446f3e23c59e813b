"""What the checks share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tb.toolchain import RTL_ROOT


@pytest.fixture
def rtl_copy(tmp_path: Path) -> Path:
    """Folder with a copy of the design as ``rtl/``, to be changed or read by tools that stay inside."""
    shutil.copytree(RTL_ROOT, tmp_path / "rtl")
    return tmp_path
