// Queues of several depths with streams of their own, and a memory whose size is no power of two.
module mem_bench #(
    localparam int unsigned Queues = 4,
    localparam int unsigned Width  = 16,
    localparam int unsigned Words  = 12
) (
    input  logic                                clk_i,
    input  logic                                rst_ni,
    input  logic [       Queues-1:0]            valid_i,
    output logic [       Queues-1:0]            ready_o,
    input  logic [       Queues-1:0][Width-1:0] data_i,
    output logic [       Queues-1:0]            valid_o,
    input  logic [       Queues-1:0]            ready_i,
    output logic [       Queues-1:0][Width-1:0] data_o,
    input  logic                                write_i,
    input  logic [$clog2(Words)-1:0]            write_addr_i,
    input  logic [        Width-1:0]            write_data_i,
    input  logic                                read_i,
    input  logic [$clog2(Words)-1:0]            read_addr_i,
    output logic [        Width-1:0]            read_data_o
);

  localparam int unsigned Depths[Queues] = '{1, 2, 3, 8};

  for (genvar q = 0; q < Queues; q++) begin : gen_queues
    stream_fifo #(
        .Width(Width),
        .Depth(Depths[q])
    ) i_queue (
        .clk_i,
        .rst_ni,
        .valid_i(valid_i[q]),
        .ready_o(ready_o[q]),
        .data_i (data_i[q]),
        .valid_o(valid_o[q]),
        .ready_i(ready_i[q]),
        .data_o (data_o[q])
    );
  end

  sram #(
      .Words    (Words),
      .WordWidth(Width)
  ) i_memory (
      .clk_i,
      .write_i,
      .write_addr_i,
      .write_data_i,
      .read_i,
      .read_addr_i,
      .read_data_o
  );

endmodule
