// What a hung run tells, when the harness or the chip's watchdog ends it: each state machine's state, and each
// queue or count that is not at rest.
// checks: tb/chip/test_state.py sees that no state machine of the design is left out.

// Central core
bind control state_report #(.T(state_e)) report_state (.state_i(state_q));
bind control watchdog_report i_watchdog_report (
    .stops_i(stops),
    .cause_i(stop_cause)
);
bind control value_report #(.T(logic [chip_pkg::JobBits-1:0])) report_jobs_done (.value_i(done_q));
bind control value_report #(
    .T(logic [chip_pkg::JobBits-1:0])
) report_descriptors (.value_i(descriptors_q));
bind dispatcher state_report #(.T(state_e)) report_state (.state_i(state_q));
bind dispatcher value_report #(.T(logic [Cores-1:0])) report_attached (.value_i(attached_q));
bind dispatcher value_report #(
    .T(logic [Cores-1:0])
) report_to_deal (.value_i(dealing_o ? todo_q : '0));
bind job_fetch value_report #(
    .T(logic [chip_pkg::JobBits-1:0])
) report_to_read (.value_i(to_read_q));
bind job_fetch value_report #(.T(logic [chip_pkg::JobBits-1:0])) report_to_give (.value_i(left_q));
bind stream_share value_report #(
    .T(chip_pkg::line_t)
) report_offered_line (.value_i(valid_o ? line_o : '0));
bind stream_share value_report #(
    .T(logic [Cores-1:0])
) report_offered_to (.value_i(valid_o ? members_o : '0));
bind axi_reader value_report #(.T(logic [chip_pkg::Tags-1:0])) report_tags_used (.value_i(used_q));
bind axi_writer value_report #(.T(logic [CountBits-1:0])) report_unanswered (.value_i(count_q));

// Feeder
bind stream_buffer value_report #(.T(count_t)) report_lines_to_ask (.value_i(left_q));
bind stream_buffer value_report #(.T(used_t)) report_lines_used (.value_i(used_q));
bind stream_buffer value_report #(.T(logic)) report_next_stream (.value_i(pending_q));
bind byte_window value_report #(.T(logic [SumBits-1:0])) report_bytes (.value_i(count_q));
bind a_feeder value_report #(.T(logic)) report_busy (.value_i(busy_q));
bind a_feeder value_report #(.T(entries_t)) report_entries_left (.value_i(left_q));
bind row_gather value_report #(.T(logic [1:0])) report_banks_full (.value_i(full_q));
bind beat_cutter value_report #(.T(logic [WordsBits-1:0])) report_words_left (.value_i(left_q));

// Sparse core: bit 1, somebody offers; bit 0, somebody would take
bind sparse_core value_report #(
    .T(logic [1:0])
) report_commands (.value_i({cmd_valid_i, cmd_ready_o}));
bind sparse_core value_report #(.T(logic [1:0])) report_a (.value_i({a_valid_i, a_ready_o}));
bind sparse_core value_report #(.T(logic [1:0])) report_b (.value_i({b_valid_i, b_ready_o}));
bind sparse_core value_report #(
    .T(logic [1:0])
) report_costs (.value_i({cost_valid_i, cost_ready_o}));
bind sparse_core value_report #(
    .T(logic [1:0])
) report_results (.value_i({result_valid_o, result_ready_i}));
bind nonzero_walker value_report #(.T(logic)) report_busy (.value_i(busy_q));

// Results
bind line_packer state_report #(.T(state_e)) report_state (.state_i(state_q));
bind post_process value_report #(.T(logic [Stages-1:0])) report_stages (.value_i(valid_q));
bind threshold_policy state_report #(.T(state_e)) report_state (.state_i(state_q));

// Every queue
bind stream_fifo value_report #(.T(logic [CountBits-1:0])) report_queue (.value_i(count_q));
