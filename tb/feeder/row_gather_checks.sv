`include "tb/checks.svh"

// Checks of the banks and the base tables.
module row_gather_checks #(
    parameter int unsigned Rows = 8,
    localparam int unsigned Blocks = (chip_pkg::UnitElements + Rows - 1) / Rows,
    localparam int unsigned BlockBits = $clog2(Blocks)
) (
    input logic                                                                clk_i,
    input logic                                                                rst_ni,
    input logic                                                                base_write_i,
    input logic                                                                last_i,
    input feeder_pkg::unit_t                                                   unit_i,
    input logic                                                                opened_o,
    input logic                                                                valid_o,
    input logic                                                                ready_i,
    input logic              [                    1:0]                         full_q,
    input logic                                                                fill_q,
    input logic                                                                gather_q,
    input logic              [          BlockBits-1:0]                         block_q,
    input logic                                                                fill,
    input logic                                                                unit_done,
    input feeder_pkg::unit_t                                                   current,
    input logic                                                                take,
    input logic              [               Rows-1:0]                         mask_o,
    input logic              [               Rows-1:0]                         group_o,
    input logic              [               Rows-1:0][core_pkg::ElemBits-1:0] values_o,
    input logic              [ core_pkg::ElemBits+1:0]                         element,
    input logic              [chip_pkg::ElementBits:0]                         place,
    input logic                                                                error_o
);

  `CHECK(quiet_without_a_row, !take, {mask_o, group_o, values_o, element, place, error_o} == '0)
  `CHECK(unit_has_rows, fill, unit_i.ky != '0 && unit_i.kx != '0)
  `CHECK(pixels_in_range, fill, unit_i.pixels != '0 && 32'(unit_i.pixels) <= Rows)
  `CHECK(block_in_unit, fill, 32'(block_q) * Rows < 32'(unit_i.elements))
  `CHECK(last_block_ends_the_unit, fill && last_i,
         (32'(block_q) + 1) * Rows >= 32'(unit_i.elements))
  `CHECK(banks_in_turn, full_q == 2'b01 || full_q == 2'b10, full_q[gather_q])
  `CHECK(fills_the_empty_bank, fill, !full_q[fill_q])
  `CHECK(table_stands_when_it_is_taken, opened_o, !base_write_i)

  // Kernels by their columns and rows, and strides by how far a row's neighbours are from one another.
  `COVER(kernel_1, unit_done && current.kx == 3'd1)
  `COVER(kernel_2, unit_done && current.kx == 3'd2)
  `COVER(kernel_3, unit_done && current.kx == 3'd3)
  `COVER(kernel_4, unit_done && current.kx == 3'd4)
  `COVER(kernel_5, unit_done && current.kx == 3'd5)
  `COVER(kernel_6, unit_done && current.kx == 3'd6)
  `COVER(kernel_7, unit_done && current.kx == 3'd7)
  `COVER(one_kernel_row, unit_done && current.ky == 3'd1 && current.kx != 3'd1)
  `COVER(part_of_the_kernel_rows, unit_done && current.ky != current.kx && current.ky != 3'd1)
  `COVER(all_pixels, unit_done && 32'(current.pixels) == Rows)
  `COVER(some_pixels, unit_done && 32'(current.pixels) < Rows)
  `COVER(one_pixel, unit_done && current.pixels == 1)
  `COVER(table_for_the_next_tile, base_write_i && full_q != '0)
  `COVER(unit_of_several_blocks, fill && last_i && block_q != '0)
  `COVER(both_banks_full, full_q == 2'b11)
  `COVER(fill_while_gathering, fill && valid_o && ready_i)
  `COVER(row_waits, valid_o && !ready_i)
  `COVER(unit_of_one_row, unit_done && current.ky == 3'd1 && current.kx == 3'd1)
  `COVER(largest_kernel, unit_done && current.ky == 3'd7 && current.kx == 3'd7)
  `COVER(units_back_to_back, unit_done && full_q == 2'b11)
  `COVER(largest_unit, fill && last_i && 32'(unit_i.elements) == chip_pkg::UnitElements)

endmodule

bind row_gather row_gather_checks #(.Rows(Rows)) i_checks (.*);
