// What software reads through COUNTER_SELECT: each core's counters, and those of the whole chip.
module chip_counters #(
    parameter int unsigned Cores = 1,
    parameter int unsigned DoneBits = 1,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1,
    localparam int unsigned SelectBits = 8,
    localparam int unsigned ValueBits = 64
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    // Events
    input logic busy_i,
    input logic fill_valid_i,  // a line was read
    input chip_pkg::stream_e fill_stream_i,
    input logic fill_other_i,  // for descriptors or jobs, not for a stream
    input logic read_burst_i,
    input logic write_i,
    input logic [chip_pkg::LineBytes-1:0] write_strobe_i,
    input logic [DoneBits-1:0] jobs_done_i,
    input logic held_i,
    input logic [Cores-1:0] attached_i,
    input logic begin_i,  // all cores are attached anew
    // Cores
    input counter_pkg::counters_t [Cores-1:0] cores_i,
    // Selected value
    input logic [SelectBits-1:0] core_i,
    input logic [SelectBits-1:0] index_i,
    output logic [ValueBits-1:0] counter_o
);

  localparam int unsigned CountBits = counter_pkg::CounterBits;
  localparam int unsigned CoreCounters = $bits(counter_pkg::counters_t) / CountBits;
  localparam int unsigned BytesBits = $clog2(chip_pkg::LineBytes + 1);

  counter_pkg::chip_counters_t chip_q;
  logic [Cores-1:0] attached_q, lost;

  assign lost = begin_i ? '0 : attached_q & ~attached_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      chip_q     <= '0;
      attached_q <= '1;
    end else begin
      attached_q <= attached_i;
      if (clear_i) chip_q <= '0;
      else if (busy_i) begin
        chip_q.cycles <= chip_q.cycles + 1'b1;
        if (fill_valid_i) begin
          if (fill_other_i) chip_q.control_lines <= chip_q.control_lines + 1'b1;
          else begin
            unique case (fill_stream_i)
              chip_pkg::StreamA: chip_q.a_lines <= chip_q.a_lines + 1'b1;
              chip_pkg::StreamB: chip_q.b_lines <= chip_q.b_lines + 1'b1;
              chip_pkg::StreamC: chip_q.c_lines <= chip_q.c_lines + 1'b1;
              default: chip_q.d_lines <= chip_q.d_lines + 1'b1;
            endcase
          end
        end
        if (read_burst_i) chip_q.read_bursts <= chip_q.read_bursts + 1'b1;
        if (write_i) begin
          chip_q.write_beats <= chip_q.write_beats + 1'b1;
          // $countones is signed, and a cast keeps that: 64 in 7 bits would be -64.
          chip_q.write_bytes <= chip_q.write_bytes + CountBits'($unsigned(
              BytesBits'($countones(write_strobe_i))
          ));
        end
        chip_q.jobs <= chip_q.jobs + CountBits'(jobs_done_i);
        if (held_i) chip_q.held <= chip_q.held + 1'b1;
        chip_q.detached <= chip_q.detached + CountBits'($countones(lost));
      end
    end
  end

  // The first field of a struct is its highest: counter 0.
  logic [CoreCounters-1:0][CountBits-1:0] core;
  logic [counter_pkg::ChipCounters-1:0][CountBits-1:0] chip;
  assign core = cores_i[core_i[CoreBits-1:0]];
  assign chip = chip_q;

  always_comb begin
    counter_o = '0;
    if (core_i == '1) begin
      if (32'(index_i) < counter_pkg::ChipCounters) begin
        counter_o = ValueBits'(chip[counter_pkg::ChipCounters-1-32'(index_i)]);
      end
    end else if (32'(core_i) < Cores && 32'(index_i) < CoreCounters) begin
      counter_o = ValueBits'(core[CoreCounters-1-32'(index_i)]);
    end
  end

endmodule
