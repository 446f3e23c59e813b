"""Seeds that depend on a name and one master seed, never on order, time or number of workers."""

from __future__ import annotations

import hashlib

DEFAULT_MASTER_SEED = 1
"""Master seed of every run that is not given one."""


def derive_seed(name: str, master_seed: int) -> int:
    """Return the seed of whatever is called `name` under `master_seed`.

    Parameters
    ----------
    name : str
        A test's node id, or the name of a replay: unique among what shall differ.
    master_seed : int
        The one number that a user gives with ``--seed``.

    Returns
    -------
    int
        31 bits of SHA-256 over both, so that simulators, which take a positive ``int``, can use it too.
    """
    digest = hashlib.sha256(f"{master_seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF
