// Fetches streams in chunks of lines and gives their lines in order.
//
// Places in the ring are reserved when a chunk has been asked for, and remembered by the burst's tag:
// bursts come back in any order, and a burst may serve several cores whose rings stand elsewhere. A
// stream may wait behind the current one, so that the next job's first lines are asked for while the
// former's last ones still lie in the ring.
module stream_buffer #(
    parameter int unsigned Beats      = 8,    // lines of the ring, a power of two
    parameter int unsigned ChunkBeats = 2,    // a power of two, at most chip_pkg::MaxChunkBeats
    parameter bit          Sram       = 1'b1  // the ring is a memory, not registers
) (
    input logic clk_i,
    input logic rst_ni,
    // Streams; one without bytes is taken and is nothing
    input logic start_valid_i,
    output logic start_ready_o,
    input chip_pkg::extent_t start_i,
    // Chunks
    output chip_pkg::fetch_state_t fetch_o,
    input logic grant_i,  // the chunk has been asked for
    input chip_pkg::tag_t grant_tag_i,
    input logic fill_valid_i,
    input chip_pkg::fill_t fill_i,
    // Lines
    output logic valid_o,
    input logic ready_i,
    output chip_pkg::data_t data_o,
    output logic [6:0] bytes_o,  // 1 to 64, all but 64 in a stream's last line
    output logic last_o,
    // Status
    output logic fetched_o,  // nothing left to ask for
    output logic low_o,  // at most half of the stream is
    output logic idle_o
);

  localparam int unsigned PtrBits = $clog2(Beats);
  localparam int unsigned UsedBits = $clog2(Beats + 1);

  if (2 ** PtrBits != Beats || Beats < 2) begin : gen_no_ring
    $error("Beats must be a power of two, at least 2");
  end
  if (ChunkBeats == 0 || ChunkBeats > chip_pkg::MaxChunkBeats ||
      chip_pkg::MaxChunkBeats % ChunkBeats != 0 || ChunkBeats > Beats) begin : gen_no_chunk
    $error("ChunkBeats must be a power of two that chip_pkg::MaxChunkBeats and the ring hold");
  end

  typedef logic [chip_pkg::LineCountBits-1:0] count_t;
  typedef logic [chip_pkg::LineShift-1:0] byte_t;
  typedef logic [PtrBits-1:0] ptr_t;
  typedef logic [UsedBits-1:0] used_t;

  // ---------------------------------------------------------------------------------------------
  // The stream that is being fetched, and the one behind it
  // ---------------------------------------------------------------------------------------------
  logic pending_q, start, load;
  chip_pkg::extent_t stream_q, incoming;
  chip_pkg::line_t base_q, next_q;
  logic [chip_pkg::WaveBits-1:0] wave_q;
  count_t left_q, left_d, incoming_lines;
  logic [chip_pkg::LineCountBits-2:0] half_q;
  byte_t tail_bytes_q;  // of the last line; 0 stands for all
  used_t used_q;
  logic [chip_pkg::ChunkBits-1:0] chunk;

  // Lines up to the next aligned chunk, or to the stream's end.
  always_comb begin
    chunk = chip_pkg::ChunkBits'(ChunkBeats) -
        (next_q[chip_pkg::ChunkBits-1:0] & chip_pkg::ChunkBits'(ChunkBeats - 1));
    if (left_q < count_t'(chunk)) chunk = chip_pkg::ChunkBits'(left_q);
  end

  assign fetch_o = '{
          valid: left_q != '0 && used_t'(Beats) - used_q >= used_t'(chunk),
          beats: chunk,
          empty: used_q == '0,
          active: left_q != '0,
          base: base_q,
          wave: wave_q,
          next: next_q,
          pending: pending_q,
          pending_base: stream_q.line,
          pending_wave: stream_q.wave
      };

  assign start_ready_o = !pending_q;
  assign start = start_valid_i && start_ready_o && start_i.bytes != '0;
  assign left_d = grant_i ? left_q - count_t'(chunk) : left_q;
  assign load = left_d == '0 && (pending_q || start);
  assign incoming = pending_q ? stream_q : start_i;
  assign incoming_lines = count_t'(chip_pkg::line_count(incoming.bytes));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pending_q <= 1'b0;
      left_q    <= '0;
      half_q <= '0;
    end else begin
      pending_q <= left_d != '0 && (pending_q || start);
      left_q    <= load ? incoming_lines : left_d;
      if (load) half_q <= incoming_lines[chip_pkg::LineCountBits-1:1];
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) stream_q <= start_i;
    if (load) begin
      base_q       <= incoming.line;
      wave_q       <= incoming.wave;
      next_q       <= incoming.line;
      tail_bytes_q <= incoming.bytes[chip_pkg::LineShift-1:0];
    end else if (grant_i) begin
      next_q <= next_q + chip_pkg::line_t'(chunk);
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Places of the ring
  // ---------------------------------------------------------------------------------------------
  ptr_t head_q, tail_q, fill_at;
  ptr_t place_q[chip_pkg::Tags];
  logic [Beats-1:0]
      arrived_q, tail_line_q;  // of the lines in the ring; tail: its stream ends there
  byte_t ring_bytes_q [Beats];
  logic  release_line;

  assign fill_at = place_q[fill_i.tag] + ptr_t'(fill_i.index);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      used_q    <= '0;
      head_q    <= '0;
      tail_q    <= '0;
      arrived_q <= '0;
    end else begin
      used_q <= used_q + (grant_i ? used_t'(chunk) : '0) - used_t'(release_line);
      if (grant_i) tail_q <= tail_q + ptr_t'(chunk);
      if (fill_valid_i) arrived_q[fill_at] <= 1'b1;
      if (release_line) begin
        head_q            <= head_q + 1'b1;
        arrived_q[head_q] <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (grant_i) begin
      place_q[grant_tag_i] <= tail_q;
      for (int unsigned i = 0; i < ChunkBeats; i++) begin
        if (chip_pkg::ChunkBits'(i) < chunk) begin
          tail_line_q[tail_q+ptr_t'(i)]  <= left_q == count_t'(i + 1);
          ring_bytes_q[tail_q+ptr_t'(i)] <= left_q == count_t'(i + 1) ? tail_bytes_q : '0;
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Lines out
  // ---------------------------------------------------------------------------------------------
  byte_t out_bytes;

  if (Sram) begin : gen_sram
    // A line that has been read stands in the memory's output until it is taken.
    logic valid_q, last_q;
    byte_t bytes_q;

    assign release_line = arrived_q[head_q] && (!valid_q || ready_i);
    assign valid_o = valid_q;
    assign last_o = last_q;
    assign out_bytes = bytes_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) valid_q <= 1'b0;
      else valid_q <= release_line || (valid_q && !ready_i);
    end

    always_ff @(posedge clk_i) begin
      if (release_line) begin
        last_q  <= tail_line_q[head_q];
        bytes_q <= ring_bytes_q[head_q];
      end
    end

    sram #(
        .Words    (Beats),
        .WordWidth(chip_pkg::LineBits)
    ) i_ring (
        .clk_i,
        .write_i     (fill_valid_i),
        .write_addr_i(fill_at),
        .write_data_i(fill_i.data),
        .read_i      (release_line),
        .read_addr_i (head_q),
        .read_data_o (data_o)
    );
  end else begin : gen_flops
    chip_pkg::data_t ring_q[Beats];

    always_ff @(posedge clk_i) begin
      if (fill_valid_i) ring_q[fill_at] <= fill_i.data;
    end

    assign release_line = valid_o && ready_i;
    assign valid_o = arrived_q[head_q];
    assign last_o = tail_line_q[head_q];
    assign out_bytes = ring_bytes_q[head_q];
    assign data_o = ring_q[head_q];
  end

  assign bytes_o = {out_bytes == '0, out_bytes};

  assign fetched_o = left_q == '0;
  assign low_o = left_q <= count_t'(half_q) && !pending_q;
  assign idle_o = left_q == '0 && used_q == '0 && !valid_o;

endmodule
