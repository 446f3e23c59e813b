// Tells the state of a state machine when asked; bound to it by state_binds.sv.
module state_report #(
    parameter type T = logic
) (
    input T state_i
);

  always @(posedge report_pkg::request or posedge report_pkg::expired) begin
    report_pkg::chip_report($sformatf("%m"), state_i.name());
  end

endmodule
