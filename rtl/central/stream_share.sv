// Chooses which chunk is read next, and for whom: cores that need the same chunk get it from one burst.
//
// Each kind of stream has a chooser that looks at one asking core a cycle. Its chunk is read for all cores
// that ask for the same one, as soon as no attached core is behind in the same stream of the same wave.
// Who keeps others waiting for longer than the patience is detached (see dispatcher).
module stream_share #(
    parameter int unsigned Cores = 1,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1,
    localparam int unsigned PatienceBits = 16,
    // A core is looked at every few cycles: the longest patience and a little more must be told apart from none.
    localparam int unsigned TimerBits = PatienceBits + 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic enable_i,
    input logic [PatienceBits-1:0] patience_i,
    // Dispatcher
    input logic [Cores-1:0] attached_i,
    input logic dealing_i,
    output logic [Cores-1:0] detach_o,
    output logic [Cores-1:0] blamed_o,  // one that has nothing of its stream waits for this one
    // Stream buffers
    input chip_pkg::fetch_state_t [chip_pkg::Streams-1:0][Cores-1:0] fetch_i,
    output logic [chip_pkg::Streams-1:0][Cores-1:0] grant_o,
    // The chunk to read
    output logic valid_o,
    input logic ready_i,
    output chip_pkg::line_t line_o,
    output logic [chip_pkg::ChunkBits-1:0] beats_o,
    output chip_pkg::stream_e stream_o,
    output logic [Cores-1:0] members_o,
    output logic held_o  // somebody waits for another core
);

  logic [chip_pkg::Streams-1:0] go, held;
  logic [chip_pkg::Streams-1:0][Cores-1:0] members, laggards, expired, blamed;
  logic [chip_pkg::Streams-1:0][CoreBits-1:0] core;
  logic [chip_pkg::StreamBits-1:0] turn_q, pick;
  logic [TimerBits-1:0] now_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) now_q <= '0;
    else now_q <= now_q + 1'b1;
  end

  for (genvar s = 0; s < chip_pkg::Streams; s++) begin : gen_streams
    logic [Cores-1:0] asks, since_valid_q;
    logic [Cores-1:0][TimerBits-1:0] since_q;
    logic [CoreBits-1:0] last_q, candidate;
    logic some, first_chunk, waits;

    always_comb begin
      for (int unsigned c = 0; c < Cores; c++) asks[c] = fetch_i[s][c].valid;
    end

    // The next asking core after the one looked at last, which comes last.
    assign some = asks != '0;
    always_comb begin
      candidate = last_q;
      for (int c = int'(Cores) - 1; c >= 0; c--) begin
        if (asks[c] && CoreBits'(c) < last_q) candidate = CoreBits'(c);
      end
      for (int c = int'(Cores) - 1; c >= 0; c--) begin
        if (asks[c] && CoreBits'(c) > last_q) candidate = CoreBits'(c);
      end
    end

    // Who asks for the same chunk, and who will. Another wave may read the same stream, and come to the same
    // chunk at the same time: it waits for its own laggards.
    always_comb begin
      members[s]  = '0;
      laggards[s] = '0;
      for (int unsigned c = 0; c < Cores; c++) begin
        if (asks[c] && fetch_i[s][c].next == fetch_i[s][candidate].next &&
            fetch_i[s][c].beats == fetch_i[s][candidate].beats &&
            (fetch_i[s][c].wave == fetch_i[s][candidate].wave ||
             !(attached_i[c] && attached_i[candidate]))) begin
          members[s][c] = 1'b1;
        end else if (attached_i[c] && attached_i[candidate]) begin
          laggards[s][c] = (fetch_i[s][c].active &&
                            fetch_i[s][c].base == fetch_i[s][candidate].base &&
                            fetch_i[s][c].wave == fetch_i[s][candidate].wave &&
                            fetch_i[s][c].next <= fetch_i[s][candidate].next) ||
                           (fetch_i[s][c].pending &&
                            fetch_i[s][c].pending_base == fetch_i[s][candidate].base &&
                            fetch_i[s][c].pending_wave == fetch_i[s][candidate].wave);
        end
      end
    end

    assign first_chunk = fetch_i[s][candidate].next == fetch_i[s][candidate].base;
    assign waits = attached_i[candidate] && dealing_i && first_chunk;
    assign core[s] = candidate;
    assign go[s] = some && !waits && laggards[s] == '0;
    assign held[s] = some && !waits && laggards[s] != '0;
    assign expired[s] = held[s] && since_valid_q[candidate] &&
        TimerBits'(now_q - since_q[candidate]) > TimerBits'(patience_i) ? laggards[s] : '0;
    assign blamed[s] = held[s] && fetch_i[s][candidate].empty ? laggards[s] : '0;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        last_q        <= '0;
        since_valid_q <= '0;
      end else begin
        if (!(go[s] && !grant_o[s][candidate])) last_q <= candidate;
        since_valid_q <= (since_valid_q | (held[s] ? Cores'(1) << candidate : '0)) & ~grant_o[s];
      end
    end

    always_ff @(posedge clk_i) begin
      if (held[s] && !since_valid_q[candidate]) since_q[candidate] <= now_q;
    end
  end

  // Streams take turns: the one that went last is the last again.
  always_comb begin
    pick = turn_q;
    for (int unsigned i = chip_pkg::Streams - 1; i > 0; i--) begin
      automatic logic [chip_pkg::StreamBits-1:0] s = turn_q + chip_pkg::StreamBits'(i);
      if (go[s]) pick = s;
    end
  end

  assign valid_o   = go != '0 && enable_i;
  assign line_o    = fetch_i[pick][core[pick]].next;
  assign beats_o   = fetch_i[pick][core[pick]].beats;
  assign stream_o  = chip_pkg::stream_e'(pick);
  assign members_o = members[pick];
  assign held_o    = held != '0;

  always_comb begin
    grant_o = '0;
    if (valid_o && ready_i) grant_o[pick] = members[pick];
  end

  always_comb begin
    detach_o = '0;
    blamed_o = '0;
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      detach_o |= expired[s];
      blamed_o |= blamed[s];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) turn_q <= '0;
    else if (grant_o != '0) turn_q <= pick;
  end

endmodule
