"""Digest of the files that a data set is read from: the same digest, the same images and labels."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from regressions.capture.errors import CaptureError


def digest_files(folder: Path, files: Sequence[Path], *packages: str) -> str:
    """Return the hash of files below `folder`, names and contents, and of the versions of `packages`.

    Raises
    ------
    CaptureError
        If a file cannot be read.
    """
    total = hashlib.sha256()
    for package in packages:
        total.update(f"{package} {_version(package)}\n".encode())
    for path in sorted(files):
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CaptureError(
                str(path), f"cannot be read ({error.strerror})", "check its permissions"
            ) from error
        total.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return total.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"
