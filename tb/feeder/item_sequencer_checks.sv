`include "tb/checks.svh"

// Checks of the items' way: each goes to one port, and stays there until it is taken.
module item_sequencer_checks (
    input logic                                          clk_i,
    input logic                                          rst_ni,
    input logic                                          valid_i,
    input logic                                          ready_o,
    input logic                 [                   6:0] bytes_i,
    input logic                                          last_i,
    input logic                                          end_valid_o,
    input logic                                          end_ready_i,
    input logic                                          cmd_valid_o,
    input logic                                          cmd_ready_i,
    input logic                 [ core_pkg::CmdBits-1:0] cmd_o,
    input logic                                          cost_valid_o,
    input logic                                          cost_ready_i,
    input logic                                          cost_last_o,
    input logic                 [chip_pkg::CostBits-1:0] cost_o,
    input logic                                          feed_valid_o,
    input logic                                          feed_ready_i,
    input feeder_pkg::feed_t                             feed_o,
    input logic                                          base_valid_o,
    input logic                                          base_ready_i,
    input chip_pkg::base_item_t                          base_o,
    input logic                                          error_o,
    input logic                                          second_q,
    input logic                                          ending_q,
    input chip_pkg::cost_item_t                          cost,
    input chip_pkg::item_e                               op,
    input logic                                          done,
    input logic                                          active,
    input logic                                          malformed
);

  // An error anywhere in the feeder takes the lines away.
  logic stopped;
  assign stopped = !valid_i && !ending_q;

  `CHECK_NEXT(command_held, cmd_valid_o && !cmd_ready_i, stopped || (cmd_valid_o && $stable(cmd_o)))
  `CHECK_NEXT(cost_held, cost_valid_o && !cost_ready_i, stopped || (cost_valid_o && $stable
              ({cost_last_o, cost_o})))
  `CHECK_NEXT(feed_held, feed_valid_o && !feed_ready_i, stopped || (feed_valid_o && $stable(feed_o)
              ))
  `CHECK_NEXT(end_held, end_valid_o && !end_ready_i, end_valid_o && $stable(feed_o))
  `CHECK_NEXT(base_held, base_valid_o && !base_ready_i, stopped || (base_valid_o && $stable(base_o)
              ))
  `CHECK(quiet_without_items, !active, cmd_o == '0)
  `CHECK(one_port, valid_i || ending_q, $onehot({cmd_valid_o, cost_valid_o, feed_valid_o,
                                                 base_valid_o, end_valid_o, error_o}))
  `CHECK(whole_items, valid_i, bytes_i != '0 && bytes_i[3:0] == '0)
  `CHECK(end_after_the_last_item, ending_q, !ready_o)

  // Each kind of item, right and malformed.
  `COVER(tile, done && op == chip_pkg::ItemTile)
  `COVER(segment, done && op == chip_pkg::ItemSegment)
  `COVER(run, done && op == chip_pkg::ItemRun)
  `COVER(cost, done && op == chip_pkg::ItemCost)
  `COVER(feed, done && op == chip_pkg::ItemFeed)
  `COVER(feed_rows, done && op == chip_pkg::ItemFeedRows)
  `COVER(base, done && op == chip_pkg::ItemBase)
  `COVER(wrong_tile, active && malformed && op == chip_pkg::ItemTile)
  `COVER(wrong_segment, active && malformed && op == chip_pkg::ItemSegment)
  `COVER(wrong_run, active && malformed && op == chip_pkg::ItemRun)
  `COVER(wrong_zero, active && malformed && op == chip_pkg::ItemZero)
  `COVER(wrong_cost, active && malformed && op == chip_pkg::ItemCost)
  `COVER(wrong_feed, active && malformed && op == chip_pkg::ItemFeed)
  `COVER(wrong_feed_rows, active && malformed && op == chip_pkg::ItemFeedRows)
  `COVER(wrong_base, active && malformed && op == chip_pkg::ItemBase)
  `COVER(command_waits, cmd_valid_o && !cmd_ready_i)
  `COVER(cost_waits, cost_valid_o && !cost_ready_i)
  `COVER(feed_waits, feed_valid_o && !feed_ready_i)
  `COVER(base_waits, base_valid_o && !base_ready_i)
  `COVER(line_of_one_item, ready_o && bytes_i == 7'd16)
  `COVER(line_of_four_items, ready_o && bytes_i == 7'd64)
  `COVER(job_ends_in_a_whole_line, ready_o && last_i && bytes_i == 7'd64)
  `COVER(one_channel, cost_valid_o && !cost.two)
  `COVER(second_channel, cost_valid_o && second_q)
  `COVER(group_ends, cost_valid_o && cost_ready_i && cost_last_o)
  `COVER(end_waits, end_valid_o && !end_ready_i)

endmodule

bind item_sequencer item_sequencer_checks i_checks (.*);
