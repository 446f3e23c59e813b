"""Delete the cached models that a run did not use, before CI saves its cache.

CI restores the models of an older commit; those that no longer fit the design stay beside the new ones, and a
cache that is saved as it is grows from change to change. On a developer's machine they are worth their place:
other tests use them, and what nobody asks for is deleted after `tb.build_cache.UNUSED_DAYS`.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tb.build_cache import LOG, OBJECTS, STAMP, UNUSED_DAYS
from tb.register_map import GENERATED_ROOT
from tb.toolchain import BUILD_ROOT

MIB = 1 << 20


def delete_unused_since(build_root: Path, moment: float) -> tuple[int, int]:
    """Delete builds that nobody asked for since a moment, failed ones too, and old shared objects.

    Whoever asks for a build touches its stamp. Objects that models share are not touched: those that were
    compiled `UNUSED_DAYS` before the moment or earlier go, and are compiled anew when a model needs them.

    Parameters
    ----------
    build_root : Path
        Folder of all builds; no other process may build there meanwhile.
    moment : float
        Seconds since the epoch.

    Returns
    -------
    tuple of int
        Folders that were deleted, and their bytes.
    """
    unused = [folder for folder in _builds(build_root) if _used(folder) < moment]
    oldest = moment - UNUSED_DAYS * 86400
    unused += [one for one in (build_root / OBJECTS).glob("*") if one.stat().st_mtime < oldest]
    size = sum(_size(folder) for folder in unused)
    for folder in unused:
        (folder / STAMP).unlink(missing_ok=True)  # first, so that what is left of the folder is never a hit
        shutil.rmtree(folder)
    return len(unused), size


def _builds(build_root: Path) -> Iterator[Path]:
    for root in (build_root, build_root / GENERATED_ROOT.name):
        yield from sorted(log.parent for log in root.glob(f"*/{LOG}"))


def _used(folder: Path) -> float:
    stamp = folder / STAMP
    return (stamp if stamp.exists() else folder / LOG).stat().st_mtime


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line (`./run smoke --prune` calls it after all else)."""
    parser = argparse.ArgumentParser(prog="python -m regressions.unused_models", description=__doc__)
    parser.add_argument(
        "--since",
        type=float,
        required=True,
        metavar="S",
        help="when the run began (seconds since 1970)",
    )
    options = parser.parse_args(arguments)
    if options.since > time.time():
        parser.error(f"--since {options.since:.0f}: lies in the future, so all models would go")
    number, size = delete_unused_since(BUILD_ROOT, options.since)
    print(f"build: {number} models that this run did not use are deleted, {size / MIB:.1f} MiB")


if __name__ == "__main__":
    main()
