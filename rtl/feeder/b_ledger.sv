// Holds the rows of stream B against the rows that the job's K tiles load.
//
// A stream may still be on its way when the items of its job are done, and the next job's tiles be open:
// two counts of rows, of the oldest job that is not settled and of the one after it. A row too few would
// let a job load rows of the next one; both are errors as soon as they show: a stream that has ended before a
// tile has its rows at once, as the core waits for them and takes no more items.
module b_ledger (
    input  logic                             clk_i,
    input  logic                             rst_ni,
    // A K tile opens: so many rows for each of its channels
    input  logic                             tile_i,
    input  logic [core_pkg::ChannelBits-1:0] channels_i,
    input  logic [      core_pkg::KBits-1:0] taps_i,
    // The items of a job are done
    input  logic                             end_valid_i,
    output logic                             end_ready_o,
    input  logic                             has_b_i,      // of the job whose items are read
    // The core takes a row
    input  logic                             row_i,
    input  logic                             row_last_i,   // of its stream
    // Status
    output logic                             idle_o,
    output logic                             error_o
);

  typedef logic [chip_pkg::BytesBits-1:0] count_t;  // a row has at least a byte

  typedef logic [core_pkg::ChannelBits+core_pkg::KBits-1:0] tile_rows_t;

  count_t due_q, next_due_q, taken_q;
  tile_rows_t rows;
  logic closed_q, has_b_q, has_b;  // the oldest job's items are done
  logic done_q;  // the oldest job's rows are
  logic settled;

  assign rows = tile_i ? tile_rows_t'(channels_i) * tile_rows_t'(taps_i) : '0;
  assign settled = closed_q && (done_q || !has_b_q);
  assign end_ready_o = !closed_q;

  assign has_b = closed_q ? has_b_q : has_b_i;
  assign error_o = !has_b ? due_q != '0 :
      closed_q ? done_q != (taken_q == due_q) : done_q && (row_i || taken_q < due_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      due_q      <= '0;
      next_due_q <= '0;
      taken_q    <= '0;
      closed_q   <= 1'b0;
      done_q     <= 1'b0;
    end else begin
      if (settled) begin
        due_q      <= next_due_q + count_t'(rows);
        next_due_q <= '0;
      end else if (closed_q) begin
        next_due_q <= next_due_q + count_t'(rows);
      end else begin
        due_q <= due_q + count_t'(rows);
      end
      taken_q  <= (settled ? '0 : taken_q) + count_t'(row_i);
      done_q   <= (done_q && !settled) || (row_i && row_last_i);
      closed_q <= closed_q ? !settled : end_valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (end_valid_i && end_ready_o) has_b_q <= has_b_i;
  end

  assign idle_o = !closed_q;

endmodule
