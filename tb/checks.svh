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

// A situation that the tests must have met. Only builds with user coverage look for it.
`ifdef USER_COVERAGE
`define COVER(Name, When) \
  always_ff @(posedge clk_i) begin \
    if (rst_ni && (When)) begin \
      cov_``Name : cover (1'b1); \
    end \
  end
`else
`define COVER(Name, When)
`endif  // USER_COVERAGE

`endif  // CHECKS_SVH
