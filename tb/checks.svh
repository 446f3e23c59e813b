// Shorthands of the bound checkers. Each assertion `a_<Name>` has a companion cover `c_<Name>` of what
// triggers it: an assertion whose trigger never came has checked nothing. A checker has clk_i and rst_ni,
// and its file ends with the bind to its module, so that a build with the file has the checks.
//
// They are immediate assertions in clocked blocks, which see what the design's own registers see. As
// concurrent ones they would mean the same, but Verilator copies every signal that those name, twice a
// cycle: that nearly halved the speed of a core.
`ifndef CHECKS_SVH
`define CHECKS_SVH

// In a cycle with When, Then holds.
`define CHECK(Name, When, Then) \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && (When)) begin \
      c_``Name : cover (1'b1); \
      if (!(Then)) a_``Name : assert (1'b0); \
    end \
  end

// The same of what a core may take for granted as long as items and operands agree with one another
// (docs/chip.md: nobody checks that they do). A failure stops a run as any other does; tests of streams that
// contradict themselves silence the assumptions, and no assertion.
`define ASSUME(Name, When, Then) \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && (When)) begin \
      c_``Name : cover (1'b1); \
      if (!(Then)) a_``Name : assume (1'b0); \
    end \
  end

// In the cycle after one with When, Then holds. The reset may come while the clock stands still.
`define CHECK_NEXT(Name, When, Then) \
  logic Name``_q; \
  always_ff @(posedge clk_i or negedge rst_ni) begin \
    if (!rst_ni) Name``_q <= 1'b0; \
    else Name``_q <= When; \
  end \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && Name``_q) begin \
      c_``Name : cover (1'b1); \
      if (!(Then)) a_``Name : assert (1'b0); \
    end \
  end

// A stream keeps its offer until it is taken.
`define CHECK_HELD(Name, Valid, Ready, Payload) \
  `CHECK_NEXT(Name, (Valid) && !(Ready), (Valid) && $stable(Payload))

// A state machine. All its arcs are listed, one after the other, between the two halves:
//
//   `FSM_ARCS(state_q, Idle)     the register, and its state after a reset
//   `ARC(Idle, Run)              from a state to another one
//   `FSM_END
//
// Each arc is a cover `cov_<From>_to_<To>`; another one fails `a_arc_is_listed`. The states are covers of their
// own. Their names come from the module: the bind hands its enum's values over as parameters.
`define FSM_ARCS(Register, Reset) \
  logic [$bits(Register)-1:0] arc_q, before_arc_q; \
  assign arc_q = Register; \
  always_ff @(posedge clk_i or negedge rst_ni) begin \
    if (!rst_ni) before_arc_q <= Reset; \
    else before_arc_q <= arc_q; \
  end \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && arc_q != before_arc_q) begin \
      c_arc_is_listed : cover (1'b1); \
      if (1'b0) begin \
      end
`define FSM_END \
      else a_arc_is_listed : assert (1'b0); \
    end \
  end

// Situations that the tests must have met. Only builds with user coverage look for them.
`ifdef USER_COVERAGE
`define COVER(Name, When) \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && (When)) begin \
      cov_``Name : cover (1'b1); \
    end \
  end
// So many have left: the queue's head comes round to its first place.
`define COVER_WRAP(Name, Pop, Depth) \
  int unsigned Name``_head_q; \
  always_ff @(posedge clk_i or negedge rst_ni) begin \
    if (!rst_ni) Name``_head_q <= 0; \
    else if (Pop) Name``_head_q <= Name``_head_q == Depth - 1 ? 0 : Name``_head_q + 1; \
  end \
  `COVER(Name``_wrap, (Pop) && Name``_head_q == Depth - 1)
`define ARC(From, To) \
  else if (before_arc_q == From && arc_q == To) begin \
    cov_``From``_to_``To : cover (1'b1); \
  end
`else
`define COVER(Name, When)
`define COVER_WRAP(Name, Pop, Depth)
`define ARC(From, To) else if (before_arc_q == From && arc_q == To) begin end
`endif  // USER_COVERAGE

// A state of a machine.
`define COVER_STATE(Register, State) `COVER(in_``State, (Register) == State)

// A queue at its place: Valid and Ready of both its sides, and its depth.
`define COVER_QUEUE(Name, ValidIn, ReadyOut, ValidOut, ReadyIn, Depth) \
  `COVER(Name``_empty, !(ValidOut)) \
  `COVER(Name``_full, !(ReadyOut)) \
  `COVER(Name``_push_and_pop, (ValidIn) && (ReadyOut) && (ValidOut) && (ReadyIn)) \
  `COVER_WRAP(Name, (ValidOut) && (ReadyIn), Depth)

// The cases of rounding_pkg: of any rounding, of results at the ends of their format, and of an addition. When says
// that the operation is done.
`define COVER_ROUNDING(Name, When, Case) \
  `COVER(Name``_exact, (When) && Case.exact) \
  `COVER(Name``_down, (When) && Case.down) \
  `COVER(Name``_up, (When) && Case.up) \
  `COVER(Name``_tie_down, (When) && Case.tie_down) \
  `COVER(Name``_tie_up, (When) && Case.tie_up) \
  `COVER(Name``_carry, (When) && Case.carry) \
  `COVER(Name``_zero, (When) && Case.zero) \
  `COVER(Name``_infinity, (When) && Case.infinity) \
  `COVER(Name``_nan, (When) && Case.nan)
`define COVER_RANGE(Name, When, Case) \
  `COVER(Name``_overflow, (When) && Case.overflow) \
  `COVER(Name``_subnormal, (When) && Case.subnormal)
`define COVER_ADDITION(Name, When, Case) \
  `COVER_ROUNDING(Name, When, Case.rounding) \
  `COVER(Name``_shift_none, (When) && Case.shift_none) \
  `COVER(Name``_shift_one, (When) && Case.shift_one) \
  `COVER(Name``_shift_small, (When) && Case.shift_small) \
  `COVER(Name``_shift_sticky, (When) && Case.shift_sticky) \
  `COVER(Name``_shift_beyond, (When) && Case.shift_beyond) \
  `COVER(Name``_cancels, (When) && Case.cancels) \
  `COVER(Name``_cancels_much, (When) && Case.cancels_much) \
  `COVER(Name``_cancels_one, (When) && Case.cancels_one) \
  `COVER(Name``_grows, (When) && Case.grows) \
  `COVER(Name``_both_positive, (When) && Case.both_positive) \
  `COVER(Name``_both_negative, (When) && Case.both_negative) \
  `COVER(Name``_positive_wins, (When) && Case.positive_wins) \
  `COVER(Name``_negative_wins, (When) && Case.negative_wins) \
  `COVER(Name``_opposite_infinities, (When) && Case.opposite_infinities)

// A stream that is offered and not taken, and one that is waited for.
`define COVER_STREAM(Name, Valid, Ready) \
  `COVER(Name``_held_back, (Valid) && !(Ready)) \
  `COVER(Name``_missing, !(Valid) && (Ready))

`endif  // CHECKS_SVH
