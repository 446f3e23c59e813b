"""Stream C of a job: the core's commands, and what feeds it, in the order in which the chip needs them.

What feeds K tile t+1 (channel costs where a new group starts, bases that changed, its `Feed` or `FeedRows`)
stands before the runs of tile t, so that operands run ahead of the core by a tile.
"""

from __future__ import annotations

from collections.abc import Sequence

from golden.chip.items import (
    BASE_ENTRIES,
    OP_SHIFT,
    BaseItem,
    CostItem,
    FeedItem,
    FeedRowsItem,
    Op,
    items_to_bytes,
)
from golden.chip.packing import Part
from golden.chip.wg_units import UnitBlock, UnitLayout
from golden.lowering import Ints, KTile
from golden.program import Block, Program


def block_parts(program: Program, block: Block) -> list[Part]:
    """List the parts of a block's stream A: a K tile whose taps the block never meets has none."""
    parts = []
    if not block.zero:
        for t in range(len(program.lowering.k_tiles)):
            tops, height = program.block_columns(block, t)
            if len(tops):
                parts.append(Part(t, tops, height))
    return parts


def inter_items(program: Program, block: Block, parts: Sequence[Part]) -> bytes:
    """Stream C of a job of FP or BP: nothing for a block that meets no tap.

    Parameters
    ----------
    parts : sequence of Part
        Of the block's stream A (`block_parts`).
    """
    if block.zero:
        return b""
    tiles = program.lowering.k_tiles
    of_tile = {part.tile: part for part in parts}
    feeds, commands = [], []
    for t, tile in enumerate(tiles):
        feed = cost_items(tile, program.lowering.costs) if tile.first_tap == 0 else []
        if t in of_tile:
            words = of_tile[t].height * program.window(block, t).words
            mask = sum(1 << line for line, held in enumerate(tile.line_channels) if len(held))
            feed.append(FeedItem(len(of_tile[t].tops), words, mask).encode())
        feeds.append(feed)
        commands.append(program.tile_commands(block, t, t == 0, t == len(tiles) - 1))
    return items_to_bytes(_interleave(feeds, commands))


def intra_items(program: Program, block: UnitBlock, layouts: Sequence[UnitLayout]) -> bytes:
    """Stream C of a job of WG.

    Parameters
    ----------
    layouts : sequence of UnitLayout
        Of the block's units in each K tile.
    """
    kernel = program.lowering.geometry.kernel
    rows = len(block.channels) * block.ky_count * kernel
    # A table that agrees with nothing, so that the first tile sets every entry that it uses.
    table = [-1] * (BASE_ENTRIES * -(-program.lowering.preset.rows // BASE_ENTRIES))
    feeds, commands = [], []
    for t, layout in enumerate(layouts):
        pixels = len(layout.base)
        feed = base_items(layout.base, table)
        feed.append(
            FeedRowsItem(
                units=len(block.channels) * layout.channel_units,
                elements=layout.elements,
                pitch=layout.pitch,
                kx=kernel,
                ky=layout.ky,
                last_ky=layout.last_ky,
                channel_units=layout.channel_units,
                pixels=pixels,
                last_elements=layout.last_elements,
            ).encode()
        )
        feeds.append(feed)
        commands.append(program.wg_tile_commands(rows, pixels, t == 0, t == len(layouts) - 1))
    return items_to_bytes(_interleave(feeds, commands))


def cost_items(tile: KTile, costs: Ints) -> list[int]:
    """Items that hand the balancer the channels of a group, in its order."""
    first = int(tile.channels[0])
    items = []
    for start in range(0, len(tile.order), 2):
        pair = [int(channel) for channel in tile.order[start : start + 2]]
        second = pair[1] if len(pair) == 2 else None
        items.append(
            CostItem(
                channel0=pair[0] - first,
                cost0=int(costs[pair[0]]),
                channel1=0 if second is None else second - first,
                cost1=0 if second is None else int(costs[second]),
                depth=tile.depth,
                two=int(second is not None),
                last=int(start + 2 >= len(tile.order)),
            ).encode()
        )
    return items


def base_items(base: Ints, table: list[int]) -> list[int]:
    """Items that bring the base table to `base`; `table` holds what it contains, and is updated."""
    wanted = [*(int(value) for value in base), *table[len(base) :]]
    items = []
    for start in range(0, len(table), BASE_ENTRIES):
        group = wanted[start : start + BASE_ENTRIES]
        if group != table[start : start + BASE_ENTRIES]:
            group = [max(value, 0) for value in group]
            items.append(BaseItem(start // BASE_ENTRIES, tuple(group)).encode())
            table[start : start + BASE_ENTRIES] = group
    return items


def _interleave(feeds: Sequence[list[int]], commands: Sequence[list[int]]) -> list[int]:
    """Put each tile's feed before the runs of the tile before."""
    items = list(feeds[0])
    for t, tile in enumerate(commands):
        first_run = next(i for i, command in enumerate(tile) if command >> OP_SHIFT == Op.RUN)
        items += tile[:first_run]
        if t + 1 < len(feeds):
            items += feeds[t + 1]
        items += tile[first_run:]
    return items
