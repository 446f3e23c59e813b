"""A small made-up cell library for tests: a dozen cells, energies that can be told by hand.

An edge of a cell's output takes `EDGE_J` inside the cell whatever the load; a clock pin's edge `CLOCK_J`;
every pin has `PIN_F`; the supply is 1 V.
"""

from __future__ import annotations

from pathlib import Path

PIN_F = 2e-15
EDGE_J = 3e-15
CLOCK_J = 1e-15
LEAKAGE_W = 5e-12

FUNCTIONS = {
    "INV": "(!A)",
    "BUF": "A",
    "AND2": "(A B)",
    "NAND2": "(!(A * B))",
    "NOR2": "((A + B)')",
    "OR2": "(A | B)",
    "XOR2": "(A ^ B)",
    "NAND3": "!(A & B & C)",
    "MUX": "((S B) + (!S A))",
}
HEAD = """\
library (small) {
  /* made up */
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  leakage_power_unit : "1pW";
  capacitive_load_unit (1,ff);
  nom_voltage : 1.0;
  nom_temperature : 25;
  power_lut_template (energy) {
    variable_1 : total_output_net_capacitance;
    variable_2 : input_transition_time;
    index_1 ("1, 100");
    index_2 ("0.1, 1.0");
  }
  lu_table_template (edge) {
    variable_1 : total_output_net_capacitance;
    variable_2 : input_net_transition;
    index_1 ("1, 100");
    index_2 ("0.1, 1.0");
  }
  power_lut_template (passive) {
    variable_1 : input_transition_time;
    index_1 ("0.1, 1.0");
  }
"""


def library_text() -> str:
    """Return the library as Liberty."""
    cells = [_combinational(name, function) for name, function in FUNCTIONS.items()]
    cells.append(_register("DFF", ""))
    cells.append(_register("DFFR", 'clear : "(!R)";'))
    cells.append(_latch())
    return HEAD + "".join(cells) + "}\n"


def write_library(folder: Path) -> Path:
    """Write the library to a file in a folder; return its path."""
    path = folder / "small.lib"
    path.write_text(library_text(), encoding="utf-8")
    return path


def _pin(name: str, more: str = "") -> str:
    return f"  pin ({name}) {{ direction : input; capacitance : {PIN_F * 1e15:g}; {more} }}\n"


def _energy(related: str) -> str:
    value = f"{EDGE_J * 1e15:g}"
    table = f'(energy) {{ values ("{value}, {value}", \\\n "{value}, {value}"); }}'
    return f'    internal_power () {{ related_pin : "{related}"; rise_power {table} fall_power {table} }}\n'


def _timing(related: str) -> str:
    table = '(edge) { values ("0.05, 0.1", "0.2, 0.4"); }'
    names = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    tables = " ".join(f"{name} {table}" for name in names)
    return f'    timing () {{ related_pin : "{related}"; {tables} }}\n'


def _combinational(name: str, function: str) -> str:
    pins = [pin for pin in "ABCS" if pin in function]
    causes = "".join(_energy(pin) + _timing(pin) for pin in pins)
    return (
        f"cell ({name}) {{\n  area : {len(pins)};\n  cell_leakage_power : {LEAKAGE_W * 1e12:g};\n"
        + "".join(_pin(pin) for pin in pins)
        + f'  pin (Y) {{ direction : output; function : "{function}";\n{causes}  }}\n}}\n'
    )


def _clock() -> str:
    table = f'(passive) {{ values ("{CLOCK_J * 1e15:g}, {CLOCK_J * 1e15:g}"); }}'
    return _pin("CK", f"clock : true; internal_power () {{ rise_power {table} fall_power {table} }}")


def _register(name: str, reset: str) -> str:
    return (
        f"cell ({name}) {{\n  area : 6;\n  cell_leakage_power : {LEAKAGE_W * 1e12:g};\n"
        f'  ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CK"; {reset} }}\n'
        + _clock()
        + _pin("D")
        + (_pin("R") if reset else "")
        + f'  pin (Q) {{ direction : output; function : "IQ";\n{_energy("CK")}'
        + f"{_timing('CK')}  }}\n}}\n"
    )


def _latch() -> str:
    return (
        f"cell (LATCH) {{\n  area : 5;\n  cell_leakage_power : {LEAKAGE_W * 1e12:g};\n"
        '  latch (IQ, IQN) { data_in : "D"; enable : "CK"; }\n'
        + _clock()
        + _pin("D")
        + '  pin (Q) { direction : output; function : "IQ"; }\n}\n'
    )
