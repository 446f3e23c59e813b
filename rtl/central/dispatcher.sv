// Deals jobs to cores in waves, so that cores that need the same streams ask for them together.
//
// A wave begins when every attached core can take a job; each then gets the next one. A core that keeps
// the others waiting for longer than the patience allows is detached: until the next descriptor nobody waits
// for it, and it takes a job whenever it has none.
module dispatcher #(
    parameter int unsigned Cores = 1,
    localparam int unsigned PatienceBits = 16
) (
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,  // a descriptor begins: all cores are attached
    input logic [PatienceBits-1:0] patience_i,
    // Jobs, in order
    input logic job_valid_i,
    output logic job_ready_o,
    input logic more_i,  // jobs are left
    // Cores
    input logic [Cores-1:0] bindable_i,  // can take its next job
    input logic [Cores-1:0] idle_i,  // has none left
    input logic [Cores-1:0] can_take_i,  // of feeder and result path
    output logic [Cores-1:0] give_o,
    output logic [chip_pkg::WaveBits-1:0] wave_o,
    // Sharing
    output logic [Cores-1:0] attached_o,
    output logic dealing_o,
    input logic [Cores-1:0] detach_i,
    output logic [Cores-1:0] blamed_o  // one that has no job left waits for this one
);

  typedef enum logic {
    Wait,
    Deal
  } state_e;

  state_e state_q;
  logic [Cores-1:0] attached_q, todo_q, todo, next, single, late, give;
  logic [PatienceBits-1:0] waited_q;
  logic [chip_pkg::WaveBits-1:0] wave_q;
  logic ready_all, some, expired;

  // Attached cores that the next wave waits for.
  assign late = attached_q & ~(bindable_i & can_take_i);
  assign ready_all = late == '0 && attached_q != '0;
  assign some = (attached_q & bindable_i & can_take_i) != '0;
  // While jobs are dealt, those that have theirs are late for nobody: the job table is.
  assign blamed_o = state_q == Wait && more_i &&
      (attached_q & idle_i & bindable_i & can_take_i) != '0 ? late : '0;
  assign expired = some && waited_q >= patience_i;

  assign todo = todo_q & attached_q;
  assign next = todo & (~todo + 1'b1);
  assign single = ~attached_q & idle_i & can_take_i;

  always_comb begin
    give = '0;
    if (job_valid_i) begin
      // All could when the wave began; after an error none can.
      if (dealing_o) give = next & can_take_i;
      else if (!ready_all) give = single & (~single + 1'b1);
    end
  end
  assign give_o = give;
  assign job_ready_o = give != '0;
  assign wave_o = wave_q;
  assign attached_o = attached_q;
  assign dealing_o = state_q == Deal;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= Wait;
      attached_q <= '1;
      wave_q     <= '0;
    end else if (start_i) begin
      attached_q <= '1;  // nothing is dealt between descriptors
    end else begin
      attached_q <= attached_q & ~detach_i & ~(expired && more_i && state_q == Wait ? late : '0);
      unique case (state_q)
        Wait: begin
          if (ready_all && more_i) begin
            state_q <= Deal;
            wave_q  <= wave_q + 1'b1;
          end
        end
        Deal: begin
          if ((todo & ~give) == '0 || !more_i) state_q <= Wait;
        end
        default: state_q <= Wait;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    todo_q   <= state_q == Wait ? attached_q : todo & ~give;
    waited_q <= state_q == Deal || !some || !more_i || expired ? '0 : waited_q + 1'b1;
  end

endmodule
