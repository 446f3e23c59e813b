// Reads the items of stream C in order and hands each to whom it belongs.
//
// Commands go to the core as they are, costs to its balancer, the rest to the A side. An item that the
// chip cannot carry out is an error; nothing after it is read.
module item_sequencer #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned DepthBits = $clog2(Rows + 1),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows)
) (
    input logic clk_i,
    input logic rst_ni,
    // Lines of items
    input logic valid_i,
    output logic ready_o,
    input chip_pkg::data_t data_i,
    input logic [6:0] bytes_i,  // a multiple of an item's
    input logic last_i,
    // The job that the items belong to
    input logic has_a_i,
    output logic end_valid_o,  // its items are done
    input logic end_ready_i,
    // To the core
    output logic cmd_valid_o,
    input logic cmd_ready_i,
    output logic [core_pkg::CmdBits-1:0] cmd_o,
    output logic cost_valid_o,
    input logic cost_ready_i,
    output logic cost_last_o,
    output logic [DepthBits-1:0] cost_depth_o,
    output logic [ChannelBits-1:0] cost_channel_o,
    output logic [chip_pkg::CostBits-1:0] cost_o,
    // To the A side
    output logic feed_valid_o,
    input logic feed_ready_i,
    output feeder_pkg::feed_t feed_o,
    output logic base_valid_o,
    input logic base_ready_i,
    output chip_pkg::base_item_t base_o,
    // Status
    output logic error_o  // the item is malformed
);

  localparam int unsigned LineItems = chip_pkg::LineBytes / chip_pkg::ItemBytes;
  localparam int unsigned IndexBits = $clog2(LineItems);
  localparam int unsigned ItemShift = $clog2(chip_pkg::ItemBytes);
  localparam int unsigned CostItemBits = $bits(chip_pkg::cost_item_t);
  localparam int unsigned BaseItemBits = $bits(chip_pkg::base_item_t);
  localparam int unsigned BaseItems = (Rows + chip_pkg::BaseEntries - 1) / chip_pkg::BaseEntries;
  // Of a segment: its entries, the part and the phase that they are.
  localparam int unsigned SegmentBits = Rows / core_pkg::WordLen * $bits(
      core_pkg::seg_entry_t
  ) + core_pkg::TableBits;

  logic [IndexBits-1:0] index_q, last_index;
  logic second_q, ending_q;  // channel of a Cost item; the job's items are done
  logic active, malformed, done, line_done;

  chip_pkg::item_e op;
  logic [core_pkg::CmdBits-1:0] item;
  logic [core_pkg::PayloadBits-1:0] payload;
  chip_pkg::cost_item_t cost;
  chip_pkg::feed_item_t feed;
  chip_pkg::feed_rows_item_t rows;
  chip_pkg::base_item_t base;

  assign active = valid_i && !ending_q;

  always_comb begin
    item = '0;
    if (active) item = data_i[{index_q, {(ItemShift+3) {1'b0}}}+:core_pkg::CmdBits];
  end

  assign op = chip_pkg::item_e'(item[core_pkg::CmdBits-1-:core_pkg::OpBits]);
  assign payload = item[core_pkg::PayloadBits-1:0];
  assign cost = chip_pkg::cost_item_t'(payload[CostItemBits-1:0]);
  assign feed = chip_pkg::feed_item_t'(payload[feeder_pkg::ColumnsBits-1:0]);
  assign rows = chip_pkg::feed_rows_item_t'(payload[feeder_pkg::FeedBits-1:0]);
  assign base = chip_pkg::base_item_t'(payload[BaseItemBits-1:0]);

  // ---------------------------------------------------------------------------------------------
  // What the chip can carry out
  // ---------------------------------------------------------------------------------------------
  logic cost_fits, feed_fits, unit_fits, last_unit_fits, rows_fit;

  assign cost_fits = cost.depth != '0 && 32'(cost.depth) <= Rows &&
      32'(cost.channel0) < Lines * Rows && (!cost.two || 32'(cost.channel1) < Lines * Rows);
  assign feed_fits = feed.columns != '0 && feed.words != '0 && feed.line_mask != '0 &&
      feed.line_mask >> Lines == '0;
  // The fields of a channel's other units do not matter if it has but one.
  assign unit_fits = rows.ky != '0 && rows.elements != '0 &&
      32'(rows.elements) <= chip_pkg::UnitElements;
  assign last_unit_fits = rows.last_ky != '0 && rows.last_elements != '0 &&
      32'(rows.last_elements) <= chip_pkg::UnitElements;
  assign rows_fit = rows.count != '0 && rows.channel_units != '0 && rows.kx != '0 &&
      last_unit_fits && (unit_fits || rows.channel_units == 3'd1) &&
      rows.pixels != '0 && 32'(rows.pixels) <= Rows && 32'(rows.pitch) <= chip_pkg::UnitElements;

  always_comb begin
    malformed = 1'b0;
    if (active) begin
      unique case (op)
        chip_pkg::ItemCost: malformed = !cost_fits || payload >> CostItemBits != '0;
        chip_pkg::ItemFeed: malformed = !feed_fits || payload >> feeder_pkg::ColumnsBits != '0;
        chip_pkg::ItemFeedRows: malformed = !rows_fit || payload >> feeder_pkg::FeedBits != '0;
        chip_pkg::ItemBase:
        malformed = 32'(base.index) >= BaseItems || payload >> BaseItemBits != '0;
        chip_pkg::ItemZero: malformed = 1'b1;  // a job of zeros has no items
        // Commands: what they mean together is the core's own.
        chip_pkg::ItemTile: malformed = payload >> $bits(core_pkg::tile_cmd_t) != '0;
        chip_pkg::ItemSegment: malformed = payload >> SegmentBits != '0;
        default: malformed = payload >> $bits(core_pkg::run_cmd_t) != '0;
      endcase
    end
  end

  assign error_o = malformed;

  // ---------------------------------------------------------------------------------------------
  // To whom the item goes
  // ---------------------------------------------------------------------------------------------
  assign cmd_o = item;
  assign cost_last_o = cost.last && (second_q || !cost.two);
  assign cost_depth_o = DepthBits'(cost.depth);
  assign cost_channel_o = ChannelBits'(second_q ? cost.channel1 : cost.channel0);
  assign cost_o = second_q ? cost.cost1 : cost.cost0;
  assign base_o = base;
  assign feed_o = '{
          op:
          ending_q
          ?
          feeder_pkg::FeedEnd
          :
          op
          ==
          chip_pkg::ItemFeedRows
          ?
          feeder_pkg::FeedRows
          :
          feeder_pkg::FeedColumns,
          has_a: has_a_i,
          payload: payload[feeder_pkg::FeedBits-1:0]
      };

  always_comb begin
    cmd_valid_o  = 1'b0;
    cost_valid_o = 1'b0;
    feed_valid_o = 1'b0;
    base_valid_o = 1'b0;
    if (active && !malformed) begin
      unique case (op)
        chip_pkg::ItemCost:                         cost_valid_o = 1'b1;
        chip_pkg::ItemFeed, chip_pkg::ItemFeedRows: feed_valid_o = 1'b1;
        chip_pkg::ItemBase:                         base_valid_o = 1'b1;
        default:                                    cmd_valid_o = 1'b1;
      endcase
    end
  end

  // Apart from the offers, which do not depend on who takes them.
  assign done = (cmd_valid_o && cmd_ready_i) || (feed_valid_o && feed_ready_i) ||
      (base_valid_o && base_ready_i) || (cost_valid_o && cost_ready_i && (second_q || !cost.two));

  assign last_index = IndexBits'((bytes_i >> ItemShift) - 7'd1);
  assign line_done = done && index_q == last_index;
  assign ready_o = line_done;
  assign end_valid_o = ending_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_q  <= '0;
      second_q <= 1'b0;
      ending_q <= 1'b0;
    end else begin
      if (done) index_q <= line_done ? '0 : index_q + 1'b1;
      if (cost_valid_o && cost_ready_i) second_q <= cost.two && !second_q;
      ending_q <= (line_done && last_i) || (ending_q && !end_ready_i);
    end
  end

endmodule
