"""Coverpoints of stimulus: classes of operands and shapes that a test is put through, each by name.

The checkers see what happens inside a module; what a test was fed is known outside. A name of this registry
is one coverpoint, a set of classes, and the test that is put through all of them. It is hit when the test
passed; nobody looks at what was fed (crosses do that, `tb.coverage.bins`):

* ``parameter``: the classes are the values of that parameter of the test. pytest makes a case of each, and
  the set is hit when all of the test's cases ran and passed. Of cases inside the simulator the test that runs
  them all must have passed. That the values are those that the set should have is for a reviewer to see.
* ``walks``: one test goes through all of a named set of operands, which only its source says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bins:
    """One set of bins: a test (node id), and where its classes come from."""

    test: str
    parameter: str = ""
    walks: str = ""

    def __post_init__(self) -> None:
        if bool(self.parameter) == bool(self.walks):
            raise ValueError(f"bins of {self.test}: give one of 'parameter' and 'walks'")


_ARITH = "tb/arith/test_arith.py::"
_PE = "tb/pe/test_pe.py::"
_CORE = "tb/core/test_core.py::"
_EDGES = "tb/core/test_directed.py::"
_SCHEDULE = "tb/core/test_schedule.py::"
_FEEDER = "tb/feeder/test_feeder.py::"
_PARTS = "tb/feeder/test_parts.py::"
_ERRORS = "tb/feeder/test_errors.py::"
_RESULT = "tb/result/test_result.py::"
_THRESHOLD = "tb/result/test_threshold.py::"
_DISPATCH = "tb/central/test_dispatch.py::"
_LINKS = "tb/central/test_links.py::"
_TABLES = "tb/central/test_tables.py::"
_CHIP = "tb/chip/test_chip.py::"
_CORES = "tb/chip/test_chip_cores.py::"
_DESCRIPTORS = "tb/chip/test_chip_descriptors.py::"
_STREAMS = "tb/chip/test_chip_streams.py::"
_MEMORY = "tb/chip/test_chip_memory_errors.py::"
_INTERRUPTIONS = "tb/chip/test_chip_interruptions.py::"
_PROTOCOL = "tb/chip/protocol/"

BINS = {
    "fp32_add.operands": Bins(_ARITH + "test_fp32_add", "kind"),
    "acc_add.operands": Bins(_ARITH + "test_acc_add_equals_fp32_add_on_its_domain", "kind"),
    "fp32_mul.operands": Bins(_ARITH + "test_fp32_mul", "kind"),
    "fp16_mul.operands": Bins(
        _ARITH + "test_fp16_mul_every_number_by_each_kind", walks="tb/arith/stimulus.py::half_operands"
    ),
    "fp32_to_fp16.neighbours": Bins(
        _ARITH + "test_fp32_to_fp16_around_every_fp16_number", walks="tb/arith/stimulus.py::half_neighbours"
    ),
    "fp32_to_fp16.range": Bins(_ARITH + "test_fp32_to_fp16_random", "kind"),
    "fp8_to_fp16.format": Bins(_ARITH + "test_fp8_to_fp16_exhaustive", "fmt"),
    "fp8_to_fp16.codes": Bins(_ARITH + "test_fp8_to_fp16_exhaustive", walks="tb/arith/suites.py::ALL_CODES"),
    "fp8_to_fp16.bias": Bins(_ARITH + "test_fp8_to_fp16_exhaustive", walks="tb/arith/suites.py::BIASES"),
    "fp16_to_fp8.format": Bins(_ARITH + "test_fp16_to_fp8_exhaustive", "fmt"),
    "fp16_to_fp8.numbers": Bins(
        _ARITH + "test_fp16_to_fp8_exhaustive", walks="tb/arith/suites.py::ALL_HALVES"
    ),
    "fp16_to_fp8.bias": Bins(_ARITH + "test_fp16_to_fp8_exhaustive", walks="tb/arith/suites.py::BIASES"),
    "fp16_to_fp8.threshold": Bins(
        _ARITH + "test_fp16_to_fp8_follows_the_contracts_limits", walks="tb/arith/suites.py::THRESHOLDS"
    ),
    "arith.module": Bins(_ARITH + "test_module_builds_alone_with_its_package", "name"),
    "queue.push": Bins("tb/mem/test_mem.py::test_queues_and_memory", "push"),
    "queue.pop": Bins("tb/mem/test_mem.py::test_queues_and_memory", "pop"),
    "pe.b_kind": Bins(_PE + "test_equals_the_modules", "b_kind"),
    "pe.fp16_share": Bins(_PE + "test_equals_the_modules", "wide_share"),
    "pe.edges": Bins(_PE + "test_edges_against_edges", walks="tb/pe/test_pe.py::BOTH_SIGNS"),
    "pe.format": Bins(_PE + "test_every_code_and_bias", "fmt"),
    "pe.specials": Bins(_PE + "test_equals_float32", "specials"),
    "pe.column": Bins(_PE + "test_wide_products_exhaustively", "column"),
    "line.elements": Bins("tb/line/test_line.py::test_line", "kind"),
    "line.stall": Bins("tb/line/test_line.py::test_line", walks="tb/line/test_line.py::STALLS"),
    "balancer.costs": Bins("tb/line/test_balancer.py::test_lines_are_golden", "kind"),
    "balancer.enabled": Bins("tb/line/test_balancer.py::test_lines_are_golden", "enabled"),
    "core.operands": Bins(_CORE + "test_operands", "kind"),
    "core.stalled_stream": Bins(_CORE + "test_one_stream_stalls", "stream"),
    "core.stall": Bins(_CORE + "test_one_stream_stalls", "permille"),
    "core.shape": Bins(_CORE + "test_chosen_shapes", "name"),
    "core.kernel": Bins(_CORE + "test_preset_core", "kernel"),
    "core.step": Bins(_CORE + "test_preset_core", "step"),
    "core.edge": Bins(_EDGES + "test_edges_of_preset_core", "name"),
    "core.a_threshold": Bins(_EDGES + "test_thresholds", "a_e_thr"),
    "core.b_threshold": Bins(_EDGES + "test_thresholds", "b_e_thr"),
    "schedule.layer": Bins(_SCHEDULE + "test_layers_of_resnet18", "name"),
    "schedule.shape": Bins(_SCHEDULE + "test_random_layers", "shape"),
    "feeder.stalls": Bins(_FEEDER + "test_jobs", "stalls"),
    "feeder.bias": Bins(_FEEDER + "test_b_is_widened", "bias"),
    "feeder.format": Bins(_FEEDER + "test_b_is_widened", "fmt"),
    "feeder.row_density": Bins(_FEEDER + "test_a_row_a_cycle", "density"),
    "feeder.column_density": Bins(_FEEDER + "test_columns_and_rows_of_b_a_cycle", "density"),
    "fgmp_block.density": Bins(_PARTS + "test_blocks", "density"),
    "stream_buffer.sizes": Bins(_PARTS + "test_streams", "sizes"),
    "feeder.wrong_length": Bins(_ERRORS + "test_length", "length"),
    "feeder.rows_of_b": Bins(_ERRORS + "test_whole_rows_of_b", "change"),
    "feeder.fill_bit": Bins(_ERRORS + "test_fill_bit", "where"),
    "feeder.wrong_item": Bins(_ERRORS + "test_item", "name"),
    "feeder.beyond_unit": Bins(_ERRORS + "test_row_beyond_its_unit", "place"),
    "feeder.length_of_items": Bins(_ERRORS + "test_length_of_c", "size"),
    "result.mode": Bins(_RESULT + "test_descriptors", "mode"),
    "result.values": Bins(_RESULT + "test_descriptors", "kind"),
    "result.sizes": Bins(_RESULT + "test_descriptors", "size"),
    "result.flags": Bins(_RESULT + "test_every_set_of_operands", "flags"),
    "result.format": Bins(_RESULT + "test_every_threshold", "fmt"),
    "result.stalled_stream": Bins(_RESULT + "test_one_stream_stalls", "stream"),
    "result.columns": Bins(_RESULT + "test_only_real_columns_are_counted", "columns"),
    "result.wrong_length": Bins(_RESULT + "test_length_of_d", "wrong"),
    "threshold.share": Bins(_THRESHOLD + "test_shares_that_are_just_met", "share"),
    "dispatch.cores": Bins(_DISPATCH + "test_each_stream_of_a_wave_is_read_once", "cores"),
    "dispatch.patience": Bins(_DISPATCH + "test_laggards_are_left_behind", "patience"),
    "link.order": Bins(_LINKS + "test_reads", "order"),
    "descriptor.flips": Bins(_TABLES + "test_descriptors_with_flipped_bits", "flips"),
    "descriptor.end": Bins(_TABLES + "test_good_descriptors", "end"),
    "chip.cores": Bins(_CHIP + "test_every_kernel", "cores"),
    "chip.step": Bins(_CHIP + "test_every_kernel", "step"),
    "chip.kernel": Bins(_CHIP + "test_every_kernel", walks="golden/tests/reference.py::SHAPES"),
    "chip.tail": Bins(_CHIP + "test_tails", "name"),
    "chip.missed_edges": Bins(_CORES + "test_cores_that_miss_clock_edges", "missed"),
    "chip.wrong_field": Bins(_DESCRIPTORS + "test_wrong_fields", "fields"),
    "chip.wrong_threshold": Bins(_DESCRIPTORS + "test_a_record_that_gives_no_threshold", "threshold"),
    "chip.overwritten": Bins(_DESCRIPTORS + "test_overlaps", "other"),
    "chip.written": Bins(_DESCRIPTORS + "test_overlaps", "written"),
    "chip.wrong_job": Bins(_DESCRIPTORS + "test_wrong_jobs", "fields"),
    "chip.outside_window": Bins(_DESCRIPTORS + "test_streams_outside_their_windows", "name"),
    "chip.wrong_length": Bins(_STREAMS + "test_streams_of_another_length", "name"),
    "chip.missing_stream": Bins(_STREAMS + "test_streams_that_are_missing", "name"),
    "chip.wrong_mask": Bins(_STREAMS + "test_masks_that_contradict_the_length", "name"),
    "chip.flipped": Bins(_STREAMS + "test_random_bits", "kind"),
    "chip.failed_read": Bins(_MEMORY + "test_reads_answered_with_an_error", "name"),
    "chip.failed_write": Bins(_MEMORY + "test_writes_answered_with_an_error", "name"),
    "chip.locked": Bins(_INTERRUPTIONS + "test_a_write_while_busy", "register"),
    "chip.foreign_step": Bins(_PROTOCOL + "chip_cases.py::layers", "step"),
    "registers.cause": Bins(_PROTOCOL + "register_cases.py::error", "cause"),
    "registers.locked": Bins(_PROTOCOL + "register_cases.py::write_while_busy", "name"),
}
