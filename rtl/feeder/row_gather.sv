// Rows of WG from the elements that they share: a unit's elements come in blocks, its rows leave one a
// cycle.
//
// A row's entry j is element base[j] + ky * pitch + kx of its unit, ky counted from the unit's first.
// Two banks: one is filled while rows are gathered from the other. The base table in use stays as it is
// until the last row of its K tile has left; what is written meanwhile belongs to the next one.
module row_gather #(
    parameter  int unsigned Rows      = 8,
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Base table of the next K tile
    input logic base_write_i,
    input chip_pkg::base_item_t base_i,
    // Blocks of a unit
    input logic valid_i,
    output logic ready_o,
    input logic last_i,  // of its unit
    input feeder_pkg::unit_t unit_i,
    input logic [Rows-1:0] mask_i,
    input logic [Rows-1:0] group_i,
    input logic [Rows-1:0][core_pkg::ElemBits-1:0] values_i,
    output logic opened_o,  // its table is in use
    // Rows
    output logic valid_o,
    input logic ready_i,
    output logic [WordsBits-1:0] words_o,
    output logic [Rows-1:0] mask_o,
    output logic [Rows-1:0] group_o,
    output logic [Rows-1:0][core_pkg::ElemBits-1:0] values_o,
    output logic idle_o,
    output logic error_o  // a row takes what its unit does not have
);

  localparam int unsigned Elements = chip_pkg::UnitElements;
  localparam int unsigned Blocks = (Elements + Rows - 1) / Rows;
  localparam int unsigned BlockBits = $clog2(Blocks);

  typedef logic [chip_pkg::ElementBits-1:0] index_t;
  // The fields can name places beyond a unit. The first that a pixel comes to is one pitch or one kernel column
  // on from a place within, so at most 255 + 256; after it, and its error, no place matters.
  typedef logic [chip_pkg::ElementBits:0] place_t;
  typedef struct packed {
    logic                          mask;
    logic                          group;
    logic [core_pkg::ElemBits-1:0] value;
  } element_t;

  // ---------------------------------------------------------------------------------------------
  // Banks
  // ---------------------------------------------------------------------------------------------
  element_t bank_q[2*Elements];
  feeder_pkg::unit_t unit_q[2];
  logic [1:0] full_q;
  logic fill_q, gather_q;  // which bank
  logic [BlockBits-1:0] block_q;
  logic fill, unit_done;

  assign ready_o = !full_q[fill_q];
  assign fill = valid_i && ready_o;

  always_ff @(posedge clk_i) begin
    if (fill) begin
      for (int unsigned i = 0; i < Elements; i++) begin
        if (block_q == BlockBits'(i / Rows)) begin
          bank_q[{
            fill_q, index_t'(i)
          }] <=
          '{mask: mask_i[i%Rows], group: group_i[i%Rows], value: values_i[i%Rows]};
        end
      end
      unit_q[fill_q] <= unit_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q   <= '0;
      fill_q   <= 1'b0;
      gather_q <= 1'b0;
      block_q  <= '0;
    end else begin
      if (fill) begin
        block_q <= last_i ? '0 : block_q + 1'b1;
        if (last_i) begin
          full_q[fill_q] <= 1'b1;
          fill_q         <= !fill_q;
        end
      end
      if (unit_done) begin
        full_q[gather_q] <= 1'b0;
        gather_q         <= !gather_q;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Base tables: of the next K tile, and of the one whose rows are being gathered
  // ---------------------------------------------------------------------------------------------
  logic [Rows-1:0][chip_pkg::ElementBits-1:0] next_q, base_q;
  logic open_q;  // the table is that of the unit at hand
  feeder_pkg::unit_t current;

  assign current  = unit_q[gather_q];
  assign opened_o = full_q[gather_q] && current.first && !open_q;

  always_ff @(posedge clk_i) begin
    for (int unsigned j = 0; j < Rows; j++) begin
      if (base_write_i && base_i.index == 4'(j / chip_pkg::BaseEntries)) begin
        next_q[j] <= base_i.base[j%chip_pkg::BaseEntries];
      end
    end
    if (opened_o) base_q <= next_q;
  end

  // ---------------------------------------------------------------------------------------------
  // Rows
  // ---------------------------------------------------------------------------------------------
  logic [2:0] ky_q, kx_q;
  place_t row_start_q, place;  // row_start: ky * pitch
  logic row_end, take;
  element_t element;

  assign valid_o = full_q[gather_q] && !opened_o;
  assign take = valid_o && ready_i;
  assign row_end = kx_q + 3'd1 == current.kx;
  assign unit_done = take && row_end && ky_q + 3'd1 == current.ky;
  assign words_o = WordsBits'((32'(current.pixels) + core_pkg::WordLen - 1) / core_pkg::WordLen);

  always_comb begin
    mask_o   = '0;
    group_o  = '0;
    values_o = '0;
    element  = '0;
    place    = '0;
    error_o  = 1'b0;
    if (take) begin
      for (int unsigned j = 0; j < Rows; j++) begin
        if (6'(j) < current.pixels) begin
          place = place_t'(base_q[j]) + row_start_q + place_t'(kx_q);
          // What lies beyond was never written: its bits may contradict one another.
          if (place < current.elements) begin
            element = bank_q[{gather_q, index_t'(place)}];
            mask_o[j] = element.mask;
            group_o[j] = element.group;
            values_o[j] = element.value;
          end else error_o = 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      open_q      <= 1'b0;
      ky_q        <= '0;
      kx_q        <= '0;
      row_start_q <= '0;
    end else begin
      open_q <= !unit_done && (open_q || opened_o);
      if (take) begin
        kx_q <= row_end ? '0 : kx_q + 3'd1;
        if (row_end) begin
          ky_q        <= unit_done ? '0 : ky_q + 3'd1;
          row_start_q <= unit_done ? '0 : row_start_q + current.pitch;
        end
      end
    end
  end

  assign idle_o = full_q == '0 && block_q == '0;

endmodule
