// Tells a count or a set of flags that is not zero when asked; bound to its owner by state_binds.sv.
module value_report #(
    parameter type T = logic
) (
    input T value_i
);

  always @(posedge report_pkg::request or posedge report_pkg::expired) begin
    if (value_i != '0) report_pkg::chip_report($sformatf("%m"), $sformatf("0x%0h", value_i));
  end

endmodule
