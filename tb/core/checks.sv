// Binds every checker to its module. A build that lists this file and the checkers has the assertions
// and, with user coverage, the covers; the design itself knows nothing of them.

bind stream_fifo stream_fifo_checks #(.Depth(Depth)) i_checks (.*);
bind sram sram_checks #(.Words(Words)) i_checks (.*);

bind pe pe_checks i_checks (.*);

bind a_unpack a_unpack_checks #(.Rows(Rows)) i_checks (.*);
bind row_sequencer row_sequencer_checks #(.Rows(Rows)) i_checks (.*);
bind nonzero_walker nonzero_walker_checks #(.Rows(Rows), .RowQueue(RowQueue)) i_checks (.*);
bind pe_line pe_line_checks #(.Rows(Rows)) i_checks (.*);

bind a_dispatch a_dispatch_checks #(
  .Lines(Lines), .Rows(Rows), .PsumRows(PsumRows), .WorkBits(WorkBits)
) i_checks (.*);
bind b_loader b_loader_checks #(.Lines(Lines)) i_checks (.*);
bind load_balancer load_balancer_checks #(.Lines(Lines), .Rows(Rows)) i_checks (.*);
bind sequencer sequencer_checks #(.Lines(Lines)) i_checks (.*);
bind reduction_tree reduction_tree_checks #(.Lines(Lines)) i_checks (.*);
bind partial_sum partial_sum_checks #(
  .Lines(Lines), .PsumRows(PsumRows), .CreditBits(CreditBits), .ResultDepth(ResultDepth)
) i_checks (
  .*,
  .reading (read_q.valid),
  .read_row(read_q.row),
  .adding  (add_q.valid),
  .add_row (add_q.row)
);
bind result_out result_out_checks i_checks (.*);
bind perf_counters perf_counters_checks #(.Lines(Lines), .Columns(Columns)) i_checks (.*);
