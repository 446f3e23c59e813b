// What becomes of the cores' results: post-processing, formats, histogram, writes and job records.
//
// Rows of all cores go through one pipeline, half a row a cycle. It moves as a whole: what stands at
// its end waits only for the memory, and what enters has all that it needs.
module result_path #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes   = 2   // a power of two, at most 8
) (
    input logic clk_i,
    input logic rst_ni,
    // Descriptor
    input chip_pkg::post_config_t config_i,  // stands still while busy
    input chip_pkg::line_t records_i,  // 0: no job records
    input logic clear_i,  // of the histogram
    // Jobs: valid says for whom
    input logic [Cores-1:0] job_valid_i,
    output logic [Cores-1:0] job_ready_o,
    input chip_pkg::result_job_t job_i,
    // Results of the cores: half rows, the lower columns first
    input logic [Cores-1:0] result_valid_i,
    output logic [Cores-1:0] result_ready_o,
    input logic [Cores-1:0][core_pkg::RowsBits-1:0] result_row_i,
    input logic [Cores-1:0] result_upper_i,
    input logic [Cores-1:0][Pes-1:0][core_pkg::SumBits-1:0] result_i,
    // D streams
    output chip_pkg::fetch_state_t [Cores-1:0] fetch_o,
    input logic [Cores-1:0] grant_i,
    input chip_pkg::tag_t grant_tag_i,
    input logic [Cores-1:0] fill_valid_i,
    input chip_pkg::fill_t fill_i,
    // Writes
    output logic write_valid_o,
    input logic write_ready_i,
    output chip_pkg::write_t write_o,
    // Status
    output logic done_valid_o,  // all writes of a job have left
    output logic busy_o,
    output chip_pkg::histogram_t histogram_o,
    output logic error_o,  // until reset; nothing more leaves
    output chip_pkg::cause_e cause_o,
    output logic [chip_pkg::JobBits-1:0] error_job_o
);

  localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1;
  localparam int unsigned Columns = core_pkg::PeColumns * Pes;
  localparam int unsigned QueueDepth = 4;
  localparam int unsigned DBeats = 2;
  localparam int unsigned WriteDepth = 2;
  localparam int unsigned RowBytes = Columns * fp_pkg::Fp32Bits / core_pkg::ByteBits;
  localparam int unsigned CountBits = $clog2(RowBytes + 1);
  // Bytes of D.
  localparam int unsigned ScaleBytes = Columns * 2 * fp_pkg::Fp32Bits / core_pkg::ByteBits;
  localparam int unsigned ResidualBytes = Columns * fp_pkg::Fp16Bits / core_pkg::ByteBits;
  localparam int unsigned MaskBytes = (Columns + core_pkg::ByteBits - 1) / core_pkg::ByteBits;
  localparam int unsigned RecordBits = $clog2(ResidualBytes + MaskBytes + 1);  // of a row's length
  localparam int unsigned MaxRows = 2 ** core_pkg::RowsBits - 1;
  localparam int unsigned DBits = $clog2(ScaleBytes + MaxRows * (ResidualBytes + MaskBytes) + 1);

  if (2 ** $clog2(Pes) != Pes || Columns > 16) begin : gen_wrong_pes
    $error("Pes must be a power of two, at most 8");
  end

  // What a job is to those that work on its rows; its D stream is on its way.
  typedef struct packed {
    logic [chip_pkg::JobBits-1:0]  index;
    logic [core_pkg::RowsBits-1:0] rows;
    logic                          zero;
    chip_pkg::line_t               line;
    chip_pkg::bytes_t              bytes;
  } head_t;

  // What goes with a row, and with half a row.
  typedef struct packed {
    logic [CoreBits-1:0]           core;
    logic [core_pkg::RowsBits-1:0] row;
    logic                          last;
  } row_meta_t;
  typedef struct packed {
    logic      upper;
    row_meta_t row;
  } half_meta_t;
  typedef struct packed {
    logic             last;
    chip_pkg::write_t write;
  } job_write_t;

  // FP32 results take no post-processing.
  logic is_fp32, scale_bias, add_residual, relu, mask;
  assign is_fp32      = config_i.mode == chip_pkg::OutFp32;
  assign scale_bias   = config_i.scale_bias && !is_fp32;
  assign add_residual = config_i.residual && !is_fp32;
  assign relu         = config_i.relu && !is_fp32;
  assign mask         = config_i.mask && !is_fp32;

  // ---------------------------------------------------------------------------------------------
  // Jobs and their D streams
  // ---------------------------------------------------------------------------------------------
  logic [Cores-1:0] queue_ready, stream_ready, head_valid, head_zero, head_pop;
  logic [Cores-1:0][chip_pkg::JobBits-1:0] head_index;
  logic [Cores-1:0][core_pkg::RowsBits-1:0] head_rows;
  chip_pkg::line_t [Cores-1:0] head_line;
  chip_pkg::bytes_t [Cores-1:0] head_bytes;
  logic [Cores-1:0] line_valid, line_ready, stream_idle;
  chip_pkg::data_t [Cores-1:0] line;
  logic [RecordBits-1:0] record_bytes;
  logic [DBits-1:0] d_bytes;
  logic accepted, d_wrong, error_q;

  // A D stream must be as long as its job wants it: with that, no later check is needed.
  always_comb begin
    record_bytes = '0;
    d_bytes = '0;
    if (job_valid_i != '0) begin
      if (add_residual) record_bytes = RecordBits'(ResidualBytes);
      if (mask) record_bytes = record_bytes + RecordBits'(MaskBytes);
      d_bytes = DBits'(record_bytes) * DBits'(job_i.rows);
      if (scale_bias) d_bytes = d_bytes + DBits'(ScaleBytes);
    end
  end

  assign job_ready_o = error_q ? '0 : queue_ready & stream_ready;
  assign accepted = (job_valid_i & job_ready_o) != '0;
  assign d_wrong = accepted && job_i.d.bytes != chip_pkg::BytesBits'(d_bytes);

  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    logic fetched_unused, low_unused, last_unused;
    logic [6:0] bytes_unused;

    stream_fifo #(
        .Width($bits(head_t)),
        .Depth(QueueDepth)
    ) i_jobs (
        .clk_i,
        .rst_ni,
        .valid_i(job_valid_i[c] && job_ready_o[c]),
        .ready_o(queue_ready[c]),
        .data_i ({job_i.index, job_i.rows, job_i.zero, job_i.out.line, job_i.out.bytes}),
        .valid_o(head_valid[c]),
        .ready_i(head_pop[c]),
        .data_o ({head_index[c], head_rows[c], head_zero[c], head_line[c], head_bytes[c]})
    );

    stream_buffer #(
        .Beats     (DBeats),
        .ChunkBeats(1),
        .Sram      (1'b0)
    ) i_stream (
        .clk_i,
        .rst_ni,
        .start_valid_i(job_valid_i[c] && job_ready_o[c] && !d_wrong && job_i.d.bytes != '0),
        .start_ready_o(stream_ready[c]),
        .start_i      (job_i.d),
        .fetch_o      (fetch_o[c]),
        .grant_i      (grant_i[c]),
        .grant_tag_i,
        .fill_valid_i (fill_valid_i[c]),
        .fill_i,
        .valid_o      (line_valid[c]),
        .ready_i      (line_ready[c]),
        .data_o       (line[c]),
        .bytes_o      (bytes_unused),
        .last_o       (last_unused),
        .fetched_o    (fetched_unused),
        .low_o        (low_unused),
        .idle_o       (stream_idle[c])
    );
  end

  // ---------------------------------------------------------------------------------------------
  // Rows in
  // ---------------------------------------------------------------------------------------------
  logic advance;
  logic [Cores-1:0] more, is_final, operands_ready;
  logic half_valid;
  half_meta_t half_meta;
  logic [Pes-1:0][core_pkg::SumBits-1:0] half;
  logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] scale, bias;
  logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] residual;
  logic [Pes-1:0] keep;

  result_arbiter #(
      .Cores(Cores),
      .Pes  (Pes)
  ) i_arbiter (
      .clk_i,
      .rst_ni,
      .head_valid_i    (head_valid),
      .head_rows_i     (head_rows),
      .head_zero_i     (head_zero),
      .head_pop_i      (head_pop),
      .operands_ready_i(operands_ready),
      .more_o          (more),
      .final_o         (is_final),
      .result_valid_i,
      .result_ready_o,
      .result_upper_i,
      .result_row_i,
      .result_i,
      .advance_i       (advance),
      .valid_o         (half_valid),
      .core_o          (half_meta.row.core),
      .upper_o         (half_meta.upper),
      .last_o          (half_meta.row.last),
      .row_o           (half_meta.row.row),
      .data_o          (half)
  );

  post_operands #(
      .Cores(Cores),
      .Pes  (Pes)
  ) i_operands (
      .clk_i,
      .rst_ni,

      .scale_bias_i(scale_bias),
      .residual_i  (add_residual),
      .mask_i      (mask),
      .line_valid_i(line_valid),
      .line_ready_o(line_ready),
      .line_i      (line),
      .more_i      (more),
      .final_i     (is_final),
      .pop_i       (head_pop),
      .ready_o     (operands_ready),
      .take_i      (half_valid && advance),
      .core_i      (half_meta.row.core),
      .upper_i     (half_meta.upper),
      .scale_o     (scale),
      .bias_o      (bias),
      .residual_o  (residual),
      .keep_o      (keep)
  );

  // ---------------------------------------------------------------------------------------------
  // Arithmetic and formats
  // ---------------------------------------------------------------------------------------------
  logic post_valid, row_valid, row_ready;
  half_meta_t post_meta;
  row_meta_t row_meta;
  logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] post_data;
  logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] post_half;
  logic [RowBytes-1:0][core_pkg::ByteBits-1:0] row;
  logic [CountBits-1:0] row_bytes;
  logic [Columns-1:0] nonzero, wide;

  assign advance = (!row_valid || row_ready) && !error_q;

  post_process #(
      .Pes      (Pes),
      .MetaWidth($bits(half_meta_t))
  ) i_post (
      .clk_i,
      .rst_ni,
      .advance_i     (advance),
      .fp32_i        (is_fp32),
      .scale_bias_i  (scale_bias),
      .add_residual_i(add_residual),
      .relu_i        (relu),
      .mask_i        (mask),
      .valid_i       (half_valid),
      .meta_i        (half_meta),
      .data_i        (half),
      .scale_i       (scale),
      .bias_i        (bias),
      .residual_i    (residual),
      .keep_i        (keep),
      .valid_o       (post_valid),
      .meta_o        (post_meta),
      .data_o        (post_data)
  );

  for (genvar p = 0; p < Pes; p++) begin : gen_halves
    assign post_half[p] = post_data[p][fp_pkg::Fp16Bits-1:0];
  end

  histogram #(
      .Pes(Pes)
  ) i_histogram (
      .clk_i,
      .rst_ni,
      .clear_i,
      .columns_i  (config_i.columns),
      .valid_i    (post_valid && advance && !is_fp32),
      .upper_i    (post_meta.upper),
      .half_i     (post_half),
      .histogram_o(histogram_o)
  );

  row_format #(
      .Pes      (Pes),
      .MetaWidth($bits(row_meta_t))
  ) i_format (
      .clk_i,
      .rst_ni,
      .advance_i(advance),
      .mode_i   (config_i.mode),
      .fmt_i    (config_i.fmt),
      .bias_i   (config_i.bias),
      .valid_i  (post_valid),
      .upper_i  (post_meta.upper),
      .meta_i   (post_meta.row),
      .data_i   (post_data),
      .valid_o  (row_valid),
      .meta_o   (row_meta),
      .row_o    (row),
      .bytes_o  (row_bytes),
      .nonzero_o(nonzero),
      .wide_o   (wide)
  );

  // ---------------------------------------------------------------------------------------------
  // Writes
  // ---------------------------------------------------------------------------------------------
  job_write_t packed_write, write;
  logic packed_valid, packed_ready, overrun;

  line_packer #(
      .Cores(Cores),
      .Pes  (Pes)
  ) i_packer (
      .clk_i,
      .rst_ni,
      .mode_i       (config_i.mode),
      .records_i,
      .head_index_i (head_index),
      .head_rows_i  (head_rows),
      .head_line_i  (head_line),
      .head_bytes_i (head_bytes),
      .head_pop_o   (head_pop),
      .valid_i      (row_valid && !error_q),
      .ready_o      (row_ready),
      .core_i       (row_meta.core),
      .row_i        (row_meta.row),
      .last_i       (row_meta.last),
      .data_i       (row),
      .bytes_i      (row_bytes),
      .nonzero_i    (nonzero),
      .wide_i       (wide),
      .write_valid_o(packed_valid),
      .write_ready_i(packed_ready),
      .write_o      (packed_write.write),
      .write_last_o (packed_write.last),
      .overrun_o    (overrun)
  );

  // Cuts the way from the bus back into the pipeline.
  stream_fifo #(
      .Width($bits(job_write_t)),
      .Depth(WriteDepth)
  ) i_writes (
      .clk_i,
      .rst_ni,
      .valid_i(packed_valid),
      .ready_o(packed_ready),
      .data_i (packed_write),
      .valid_o(write_valid_o),
      .ready_i(write_ready_i),
      .data_o (write)
  );

  assign write_o = write.write;
  assign done_valid_o = write_valid_o && write_ready_i && write.last;
  assign busy_o = head_valid != '0 || write_valid_o || stream_idle != '1;

  // ---------------------------------------------------------------------------------------------
  // Errors
  // ---------------------------------------------------------------------------------------------
  assign error_o = error_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q     <= 1'b0;
      cause_o     <= chip_pkg::CauseNone;
      error_job_o <= '0;
    end else if (!error_q && (overrun || d_wrong)) begin
      error_q     <= 1'b1;
      cause_o     <= overrun ? chip_pkg::CauseOverrun : chip_pkg::CauseStreamLength;
      error_job_o <= overrun ? head_index[row_meta.core] : job_i.index;
    end
  end

endmodule
