// Rules of an AXI4 link whose bursts are whole beats, incrementing: of the master and of the memory.
module axi_checks #(
    parameter int unsigned AddrBits = 38,
    parameter int unsigned IdBits = 5,
    parameter int unsigned DataBits = 512,
    parameter bit Aligned = 1'b1,  // bursts begin with a whole beat
    parameter int unsigned MaxBeats = 2,
    parameter int unsigned MaxReads = 32,  // bursts under way at a time
    parameter int unsigned MaxWrites = 32
) (
    input logic clk_i,
    input logic rst_ni,
    input logic arvalid,
    input logic arready,
    input logic [IdBits-1:0] arid,
    input logic [AddrBits-1:0] araddr,
    input logic [7:0] arlen,
    input logic [2:0] arsize,
    input logic [1:0] arburst,
    input logic rvalid,
    input logic rready,
    input logic [IdBits-1:0] rid,
    input logic [DataBits-1:0] rdata,
    input logic [1:0] rresp,
    input logic rlast,
    input logic awvalid,
    input logic awready,
    input logic [IdBits-1:0] awid,
    input logic [AddrBits-1:0] awaddr,
    input logic [7:0] awlen,
    input logic [2:0] awsize,
    input logic [1:0] awburst,
    input logic wvalid,
    input logic wready,
    input logic [DataBits-1:0] wdata,
    input logic [DataBits/8-1:0] wstrb,
    input logic wlast,
    input logic bvalid,
    input logic bready,
    input logic [IdBits-1:0] bid,
    input logic [1:0] bresp
);

  localparam int unsigned BeatBytes = DataBits / 8;
  localparam int unsigned Ids = 2 ** IdBits;
  localparam int unsigned Page = 4096;
  localparam logic [1:0] Incrementing = 2'b01;
  localparam logic [1:0] Okay = 2'b00, ExclusiveOkay = 2'b01, SlaveError = 2'b10;
  localparam logic [1:0] DecodeError = 2'b11;

  // ---------------------------------------------------------------------------------------------
  // An offer stands until it is taken
  // ---------------------------------------------------------------------------------------------
  `CHECK_HELD(ArHeld, arvalid, arready, ({arid, araddr, arlen, arsize, arburst}))
  `CHECK_HELD(RHeld, rvalid, rready, ({rid, rdata, rresp, rlast}))
  `CHECK_HELD(AwHeld, awvalid, awready, ({awid, awaddr, awlen, awsize, awburst}))
  `CHECK_HELD(WHeld, wvalid, wready, ({wdata, wstrb, wlast}))
  `CHECK_HELD(BHeld, bvalid, bready, ({bid, bresp}))

  // In reset nobody offers anything.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      c_Reset : cover (1'b1);
      if (arvalid || awvalid || wvalid || rvalid || bvalid) a_Reset : assert (1'b0);
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Bursts
  // ---------------------------------------------------------------------------------------------
  function automatic logic legal(input logic [AddrBits-1:0] addr, input logic [7:0] len,
                                 input logic [2:0] size, input logic [1:0] burst);
    legal = 32'(size) == $clog2(BeatBytes) && burst == Incrementing && 32'(len) < MaxBeats &&
        (!Aligned || addr % AddrBits'(BeatBytes) == '0);
  endfunction

  function automatic logic within_page(input logic [AddrBits-1:0] addr, input logic [7:0] len);
    within_page = 32'(addr % AddrBits'(Page)) / BeatBytes + 32'(len) < Page / BeatBytes;
  endfunction

  `CHECK(ArLegal, arvalid, legal(araddr, arlen, arsize, arburst))
  `CHECK(AwLegal, awvalid, legal(awaddr, awlen, awsize, awburst))
  `CHECK(ArPage, arvalid, within_page(araddr, arlen))
  `CHECK(AwPage, awvalid, within_page(awaddr, awlen))
  `CHECK(RResponse, rvalid, rresp != ExclusiveOkay)
  `CHECK(BResponse, bvalid, bresp != ExclusiveOkay)

  // ---------------------------------------------------------------------------------------------
  // Responses belong to requests: lengths of the bursts under way, oldest first
  // ---------------------------------------------------------------------------------------------
  logic [7:0] read_len[Ids][$];
  int unsigned read_beat[Ids];
  int unsigned reads, writes;
  logic [7:0] write_len[$], data_len[$];
  logic [IdBits-1:0] write_id[$];
  int unsigned data_beat;
  int unsigned to_answer[Ids];

  // One process, so that each check sees what the cycles before have left.
  always @(posedge clk_i) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < Ids; i++) begin
        read_len[i].delete();
        read_beat[i] = 0;
        to_answer[i] = 0;
      end
      write_len.delete();
      write_id.delete();
      data_len.delete();
      reads = 0;
      writes = 0;
      data_beat = 0;
    end else begin
      if (rvalid && rready) begin
        c_RRequested : cover (1'b1);
        if (read_len[rid].size() == 0) begin
          a_RRequested : assert (1'b0);
        end else begin
          c_RLast : cover (1'b1);
          if (rlast != (read_beat[rid] == 32'(read_len[rid][0]))) a_RLast : assert (1'b0);
          read_beat[rid] = rlast ? 0 : read_beat[rid] + 1;
          if (rlast) begin
            void'(read_len[rid].pop_front());
            reads--;
          end
        end
      end
      if (bvalid && bready) begin
        c_BRequested : cover (1'b1);
        if (to_answer[bid] == 0) begin
          a_BRequested : assert (1'b0);
        end else begin
          to_answer[bid]--;
          writes--;
        end
      end
      if (arvalid && arready) begin
        read_len[arid].push_back(arlen);
        reads++;
        c_Reads : cover (1'b1);
        if (reads > MaxReads) a_Reads : assert (1'b0);
      end
      if (awvalid && awready) begin
        write_len.push_back(awlen);
        write_id.push_back(awid);
        writes++;
        c_Writes : cover (1'b1);
        if (writes > MaxWrites) a_Writes : assert (1'b0);
      end
      if (wvalid && wready) begin
        if (wlast) data_len.push_back(8'(data_beat));
        data_beat = wlast ? 0 : data_beat + 1;
        c_WLast : cover (1'b1);
        if (data_beat >= MaxBeats) a_WLast : assert (1'b0);
      end
      if (write_len.size() != 0 && data_len.size() != 0) begin
        c_WLength : cover (1'b1);
        if (write_len.pop_front() != data_len.pop_front()) a_WLength : assert (1'b0);
        to_answer[write_id.pop_front()]++;
      end
    end
  end

  // Identifiers of the read bursts under way, oldest first.
`ifdef USER_COVERAGE
  logic [IdBits-1:0] asked[$];
  always @(posedge clk_i) begin
    if (!rst_ni) asked.delete();
    else begin
      if (rvalid && rready && rlast) begin
        for (int i = 0; i < asked.size(); i++) begin
          if (asked[i] == rid) begin
            asked.delete(i);
            break;
          end
        end
      end
      if (arvalid && arready) asked.push_back(arid);
    end
  end

  function automatic logic ends_page(input logic [AddrBits-1:0] addr, input logic [7:0] len);
    ends_page = 32'(addr % AddrBits'(Page)) / BeatBytes + 32'(len) + 1 == Page / BeatBytes;
  endfunction
`endif  // USER_COVERAGE

  // ---------------------------------------------------------------------------------------------
  // Situations
  // ---------------------------------------------------------------------------------------------
  `COVER(ManyReads, reads > MaxReads / 4)
  `COVER(ArWaits, arvalid && !arready)
  `COVER(AwWaits, awvalid && !awready)
  `COVER(WWaits, wvalid && !wready)
  `COVER(RBackToBack, rvalid && rready && $past(rvalid && rready))
  `COVER(Interleaved, rvalid && rready && $past(rvalid && rready && !rlast) && rid != $past(rid))
  `COVER(DataBeforeAddress, wvalid && wready && awvalid && !awready)
  `COVER(ReadError, rvalid && rready && rresp != Okay)
  `COVER(WriteError, bvalid && bready && bresp != Okay)
  `COVER(RSlaveError, rvalid && rready && rresp == SlaveError)
  `COVER(RDecodeError, rvalid && rready && rresp == DecodeError)
  `COVER(BSlaveError, bvalid && bready && bresp == SlaveError)
  `COVER(BDecodeError, bvalid && bready && bresp == DecodeError)
  `COVER(MostReads, reads == MaxReads)
  `COVER(ManyWrites, writes > MaxWrites / 4)
  `COVER(ArSingle, arvalid && arready && arlen == '0)
  `COVER(ArLongest, arvalid && arready && 32'(arlen) == MaxBeats - 1)
  `COVER(ArBeginsPage, arvalid && arready && araddr % AddrBits'(Page) == '0)
  `COVER(ArEndsPage, arvalid && arready && ends_page(araddr, arlen))
  `COVER(AwBeginsPage, awvalid && awready && awaddr % AddrBits'(Page) == '0)
  `COVER(AwEndsPage, awvalid && awready && ends_page(awaddr, awlen))
  `COVER(OutOfOrder, rvalid && rready && asked.size() != 0 && asked[0] != rid)
  `COVER(RAfterPause, rvalid && rready && $past(!rvalid) && reads > 1)
  `COVER(AddressBeforeData, awvalid && awready && !(wvalid && wready))
  `COVER(AddressWithData, awvalid && awready && wvalid && wready)
  `COVER(ReadWithWrite, arvalid && arready && awvalid && awready)
  `COVER(AllChannels, arvalid && rvalid && awvalid && wvalid && bvalid)
  `COVER(WriteFromFirst, wvalid && wready && wstrb[0] && !wstrb[BeatBytes-1])
  `COVER(WriteToLast, wvalid && wready && !wstrb[0] && wstrb[BeatBytes-1])
  `COVER(WriteInside, wvalid && wready && !wstrb[0] && !wstrb[BeatBytes-1])
  `COVER(WriteWhole, wvalid && wready && wstrb == '1)
  `COVER(PartialWrite, wvalid && wready && wstrb != '1)

endmodule
