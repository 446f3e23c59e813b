// Reads a descriptor's job table ahead, checks each job, and hands the jobs out in order.
module job_fetch #(
    parameter int unsigned Ahead = 16,  // jobs on their way or waiting; a power of two
    parameter int unsigned PsumRows = 16,
    localparam int unsigned SlotBits = $clog2(Ahead)
) (
    input logic clk_i,
    input logic rst_ni,
    // Table
    input logic start_i,
    input chip_pkg::line_t table_i,
    input logic [chip_pkg::JobBits-1:0] jobs_i,
    input chip_pkg::window_t [chip_pkg::Streams-1:0] windows_i,  // A, B, C, D
    input chip_pkg::window_t out_window_i,
    input logic [chip_pkg::WaveBits-1:0] wave_i,
    // Reads of one line each
    output logic read_valid_o,
    input logic read_ready_i,
    output chip_pkg::line_t read_line_o,
    output logic [SlotBits-1:0] read_slot_o,
    input logic fill_valid_i,
    input logic [SlotBits-1:0] fill_slot_i,
    input chip_pkg::data_t fill_data_i,
    // Jobs
    output logic valid_o,
    input logic ready_i,
    output chip_pkg::feed_job_t feed_o,
    output chip_pkg::result_job_t result_o,
    output logic more_o,  // jobs are left to hand out
    // A job is wrong; it is not handed out
    output logic error_o,
    output chip_pkg::cause_e cause_o,
    output logic [chip_pkg::JobBits-1:0] index_o  // of the job at the head
);

  chip_pkg::data_t lines_q[Ahead];
  logic [Ahead-1:0] arrived_q;
  chip_pkg::line_t next_q;
  logic [chip_pkg::JobBits-1:0] to_read_q, left_q, index_q;
  logic [SlotBits:0] head_q, tail_q;
  logic full, good, pop, read;

  assign full         = head_q[SlotBits] != tail_q[SlotBits] &&
                        head_q[SlotBits-1:0] == tail_q[SlotBits-1:0];
  assign read_valid_o = to_read_q != '0 && !full;
  assign read_line_o = next_q;
  assign read_slot_o = tail_q[SlotBits-1:0];
  assign read = read_valid_o && read_ready_i;
  assign pop = valid_o && ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      arrived_q <= '0;
      to_read_q <= '0;
      left_q    <= '0;
      index_q   <= '0;
      head_q    <= '0;
      tail_q    <= '0;
    end else if (start_i) begin
      // The table before has been given out, or all was reset: no slot is taken.
      to_read_q <= jobs_i;
      left_q    <= jobs_i;
      index_q   <= '0;
    end else begin
      if (read) begin
        to_read_q <= to_read_q - 1'b1;
        tail_q    <= tail_q + 1'b1;
      end
      if (fill_valid_i) arrived_q[fill_slot_i] <= 1'b1;
      if (pop) begin
        arrived_q[head_q[SlotBits-1:0]] <= 1'b0;
        head_q                          <= head_q + 1'b1;
        left_q                          <= left_q - 1'b1;
        index_q                         <= index_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) next_q <= table_i;
    else if (read) next_q <= next_q + 1'b1;
    if (fill_valid_i) lines_q[fill_slot_i] <= fill_data_i;
  end

  // ---------------------------------------------------------------------------------------------
  // The job at the head
  // ---------------------------------------------------------------------------------------------
  localparam int unsigned WordBits = 32;
  localparam int unsigned NamedWords = 11;  // words of a job that have a meaning
  localparam int unsigned OutWord = 8, RowsWord = 10;

  localparam int unsigned Words = chip_pkg::LineBits / WordBits;
  logic [Words-1:0][WordBits-1:0] word;
  chip_pkg::extent_t [chip_pkg::Streams-1:0] extent;
  chip_pkg::extent_t out;
  logic [core_pkg::RowsBits-1:0] rows;
  logic in_window, fields, zero;

  assign word = lines_q[head_q[SlotBits-1:0]];

  always_comb begin
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      extent[s] = '{wave: wave_i, line: word[2*s], bytes: word[2*s+1]};
    end
  end
  assign out  = '{wave: wave_i, line: word[OutWord], bytes: word[OutWord+1]};
  assign rows = word[RowsWord][core_pkg::RowsBits-1:0];

  // A stream of no bytes needs no place.
  always_comb begin
    in_window = chip_pkg::holds(out_window_i, out.line, out.bytes);
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      if (extent[s].bytes != '0 && !chip_pkg::holds(windows_i[s], extent[s].line, extent[s].bytes))
        in_window = 1'b0;
    end
  end
  assign fields = rows != '0 && 32'(rows) <= PsumRows &&
                  word[RowsWord][WordBits-1:core_pkg::RowsBits] == '0 &&
                  word[Words-1:NamedWords] == '0 &&
                  (!zero || (extent[chip_pkg::StreamA].bytes == '0 &&
                             extent[chip_pkg::StreamB].bytes == '0));

  assign zero = extent[chip_pkg::StreamC].bytes == '0;
  assign good = in_window && fields;
  assign more_o = left_q != '0;
  assign valid_o = arrived_q[head_q[SlotBits-1:0]] && more_o && good;
  assign error_o = arrived_q[head_q[SlotBits-1:0]] && more_o && !good;
  assign cause_o = fields ? chip_pkg::CauseJobRange : chip_pkg::CauseField;
  assign index_o = index_q;
  assign feed_o = '{
          a: extent[chip_pkg::StreamA],
          b: extent[chip_pkg::StreamB],
          c: extent[chip_pkg::StreamC]
      };
  assign result_o = '{
          index: index_q,
          zero: zero,
          rows: rows,
          d: extent[chip_pkg::StreamD],
          out: out
      };

endmodule
