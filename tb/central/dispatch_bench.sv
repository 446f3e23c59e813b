// Dispatcher, shared fetches and lateness as the chip connects them, with ports that C++ reads alike at
// every size. What belongs to a stream of a core stands at stream * Cores + core.
module dispatch_bench #(
    parameter  int unsigned Cores  = 1,
    localparam int unsigned Places = chip_pkg::Streams * Cores
) (
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,
    input logic [15:0] patience_i,
    // Jobs
    input logic job_valid_i,
    output logic job_ready_o,
    input logic more_i,
    input logic [Cores-1:0] bindable_i,
    input logic [Cores-1:0] idle_i,
    input logic [Cores-1:0] can_take_i,
    input logic [Cores-1:0] asleep_i,
    output logic [Cores-1:0] give_o,
    output logic [1:0] wave_o,
    output logic [Cores-1:0] attached_o,
    output logic dealing_o,
    output logic [Cores-1:0] blamed_o,
    // Streams
    input logic [Places-1:0] fetch_valid_i,
    input logic [Places-1:0] fetch_empty_i,
    input logic [Places-1:0] fetch_active_i,
    input logic [Places-1:0] fetch_pending_i,
    input logic [1:0] fetch_beats_i[Places],
    input logic [1:0] fetch_wave_i[Places],
    input logic [1:0] fetch_pending_wave_i[Places],
    input logic [31:0] fetch_base_i[Places],
    input logic [31:0] fetch_next_i[Places],
    input logic [31:0] fetch_pending_base_i[Places],
    output logic [Places-1:0] grant_o,
    // Chunks
    input logic enable_i,
    output logic valid_o,
    input logic ready_i,
    output logic [31:0] line_o,
    output logic [1:0] beats_o,
    output logic [1:0] stream_o,
    output logic [Cores-1:0] members_o,
    output logic held_o
);

  chip_pkg::fetch_state_t [chip_pkg::Streams-1:0][Cores-1:0] fetch;
  logic [Cores-1:0] detach, share_detach, late_detach, share_blamed, wave_blamed;
  chip_pkg::stream_e stream;

  for (genvar s = 0; s < chip_pkg::Streams; s++) begin : gen_streams
    for (genvar c = 0; c < Cores; c++) begin : gen_cores
      localparam int unsigned Place = s * Cores + c;
      assign fetch[s][c] = '{
              valid: fetch_valid_i[Place],
              beats: fetch_beats_i[Place],
              empty: fetch_empty_i[Place],
              active: fetch_active_i[Place],
              base: fetch_base_i[Place],
              wave: fetch_wave_i[Place],
              next: fetch_next_i[Place],
              pending: fetch_pending_i[Place],
              pending_base: fetch_pending_base_i[Place],
              pending_wave: fetch_pending_wave_i[Place]
          };
    end
  end

  dispatcher #(
      .Cores(Cores)
  ) i_dispatcher (
      .clk_i,
      .rst_ni,
      .start_i,
      .patience_i,
      .job_valid_i,
      .job_ready_o,
      .more_i,
      .bindable_i,
      .idle_i,
      .can_take_i,
      .give_o,
      .wave_o,
      .attached_o,
      .dealing_o,
      .detach_i(detach),
      .blamed_o(wave_blamed)
  );

  lateness #(
      .Cores(Cores)
  ) i_lateness (
      .clk_i,
      .rst_ni,
      .start_i,
      .patience_i,
      .blamed_i(blamed_o),
      .asleep_i,
      .detach_o(late_detach)
  );
  assign blamed_o = share_blamed | wave_blamed;
  assign detach   = share_detach | late_detach;

  stream_share #(
      .Cores(Cores)
  ) i_share (
      .clk_i,
      .rst_ni,
      .enable_i,
      .patience_i,
      .attached_i(attached_o),
      .dealing_i (dealing_o),
      .detach_o  (share_detach),
      .blamed_o  (share_blamed),
      .fetch_i   (fetch),
      .grant_o,
      .valid_o,
      .ready_i,
      .line_o,
      .beats_o,
      .stream_o  (stream),
      .members_o,
      .held_o
  );
  assign stream_o = stream;

endmodule
