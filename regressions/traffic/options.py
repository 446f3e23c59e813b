"""The command line of the traffic study."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.codecs import CODECS, Codec, CodecError, find_codec
from golden.geometry import Step
from golden.seeds import DEFAULT_MASTER_SEED
from golden.storage import BLOCK_ELEMENTS
from regressions.operands import find_policy
from regressions.option_error import OptionError
from regressions.options import DEFAULT_POLICY, FULL_TRACE, REPORTS, parse_step
from regressions.traces import SAMPLE_PATH
from regressions.traffic.records import PLAIN, Order

COMMAND = "./run traffic"

DESCRIPTION = """\
Write every tensor of a trace with each codec, read it back bit for bit, and report the bytes that training
moves over external memory: by tensor, layer and step, and against the density of non-zeros. The report is
reports/out/traffic. Exit status: 0, or 2 if nothing could be measured or reported.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                        the sample that the repository holds
  {COMMAND} --full                                 the trace that './run capture' wrote
  {COMMAND} --codecs mask-fgmp rlc4-fgmp rlc5-fgmp     some codecs; fp16 is always measured
  {COMMAND} --layers 'layer1.*' --block 0          some layers, each tensor one stream without pointers
"""


@dataclass(frozen=True)
class TrafficOptions:
    """What the user asked for.

    Attributes
    ----------
    trace : Path
    layers : tuple of str
        Names or wildcards; none: all layers.
    steps : tuple of Step
    codecs : tuple of Codec
        With plain FP16, which all others are compared with.
    policy : str
        FGMP threshold policy.
    block : int
        Elements of a block; 0: no blocks.
    order : Order
        How elements follow one another.
    seed : int
        Master seed of the made-up tensors.
    out : Path
        Folder of all reports.
    command : str
        The command line, as a user can type it.
    """

    trace: Path
    layers: tuple[str, ...]
    steps: tuple[Step, ...]
    codecs: tuple[Codec, ...]
    policy: str
    block: int
    order: Order
    seed: int
    out: Path
    command: str


def parse_traffic(arguments: Sequence[str]) -> TrafficOptions:
    """Parse the study's arguments.

    Raises
    ------
    OptionError, regressions.operands.PolicyError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    values = _parser().parse_args(arguments)
    find_policy(values.policy)
    if values.block < 0:
        raise OptionError(f"--block {values.block}: give 1 or more elements, or 0 for no blocks")
    names = list(dict.fromkeys([PLAIN, *(values.codecs or CODECS)]))
    try:
        codecs = tuple(find_codec(name, values.block) for name in names)
    except CodecError as error:
        raise OptionError(f"--codecs: {error}") from error
    return TrafficOptions(
        trace=FULL_TRACE if values.full else values.trace,
        layers=tuple(values.layers),
        steps=tuple(dict.fromkeys(parse_step(text) for text in values.steps)) or tuple(Step),
        codecs=codecs,
        policy=values.policy,
        block=values.block,
        order=Order(values.order),
        seed=values.seed,
        out=values.out,
        command=shlex.join([*COMMAND.split(), *arguments]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--trace", type=Path, default=SAMPLE_PATH, metavar="FILE", help="trace (default: the sample)"
    )
    which.add_argument("--full", action="store_true", help="the full trace that './run capture' wrote")
    add = parser.add_argument
    add("--layers", nargs="+", default=[], metavar="LAYER", help="names or wildcards (default: all layers)")
    add("--steps", nargs="+", default=[], metavar="STEP", help=f"of {', '.join(Step)} (default: all)")
    add("--codecs", nargs="+", metavar="CODEC", help=f"of {', '.join(CODECS)} (default: all)")
    add(
        "--policy",
        default=DEFAULT_POLICY,
        help="FGMP threshold: share=SHARE or fixed=E (default: %(default)s)",
    )
    add(
        "--block",
        type=int,
        default=BLOCK_ELEMENTS,
        metavar="N",
        help="elements of a block, each with a pointer of 32 bits; 0: none (default: %(default)s)",
    )
    add(
        "--order",
        choices=[order.value for order in Order],
        default=Order.NCHW.value,
        help="how elements follow one another: nhwc has channels innermost (default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed (default: %(default)s)",
    )
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    return parser
