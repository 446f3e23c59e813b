"""What the checks share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks import rtl
from tb.toolchain import RTL_ROOT


@pytest.fixture
def rtl_copy(tmp_path: Path) -> Path:
    """Folder with a copy of the design as ``rtl/``, to be changed or read by tools that stay inside.

    What is made from register files lies where it does in the project.
    """
    shutil.copytree(RTL_ROOT, tmp_path / "rtl")
    for path in rtl.generated_files():
        copy = tmp_path / rtl.relative(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path
