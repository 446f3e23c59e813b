// The counters of a sparse core, in the order in which software reads them.
package counter_pkg;

  localparam int unsigned CounterBits = 48;

  typedef struct packed {
    logic [CounterBits-1:0] cycles;  // busy cycles of the core
    logic [CounterBits-1:0] macs_fp8;  // multiply-adds of FP8 elements, real columns
    logic [CounterBits-1:0] macs_fp16;  // multiply-adds of FP16 elements, real columns
    logic [CounterBits-1:0] macs_skipped;  // left out for a zero (0 on the chip)
    logic [CounterBits-1:0] elements;  // elements of A fetched (and rows of B read)
    logic [CounterBits-1:0] line_busy;  // line cycles that issue
    logic [CounterBits-1:0] wait_a;  // line cycles without the row's A
    logic [CounterBits-1:0] wait_b;  // line cycles without the tile's B
    logic [CounterBits-1:0] wait_queue;  // line cycles with the queue of finished rows full
    logic [CounterBits-1:0] idle;  // line cycles without a run, or between rows
    logic [CounterBits-1:0] a_beats;  // beats of A taken
    logic [CounterBits-1:0] b_rows;  // rows of B taken
    logic [CounterBits-1:0] tree_rows;  // rows through the reduction tree
    logic [CounterBits-1:0] psum_rows;  // rows added to partial sums
    logic [CounterBits-1:0] psum_reads;  // partial-sum memory reads
    logic [CounterBits-1:0] psum_writes;  // partial-sum memory writes
  } counters_t;

  // Those of the chip; software reads them as those of core 255.
  typedef struct packed {
    logic [CounterBits-1:0] cycles;         // from the start to the end of the last descriptor
    logic [CounterBits-1:0] a_lines;        // lines read, by stream
    logic [CounterBits-1:0] b_lines;
    logic [CounterBits-1:0] c_lines;
    logic [CounterBits-1:0] d_lines;
    logic [CounterBits-1:0] control_lines;  // descriptors, job tables
    logic [CounterBits-1:0] read_bursts;
    logic [CounterBits-1:0] write_beats;
    logic [CounterBits-1:0] write_bytes;    // strobes that were set
    logic [CounterBits-1:0] jobs;           // finished
    logic [CounterBits-1:0] held;           // cycles in which a request waited for another core's
    logic [CounterBits-1:0] detached;       // cores that nobody waited for any more
  } chip_counters_t;

  localparam int unsigned ChipCounters = $bits(chip_counters_t) / CounterBits;

endpackage
