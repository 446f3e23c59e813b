// Lets the design tell its state when the chip's own watchdog ends a run; bound by state_binds.sv.
module watchdog_report (
    input logic             stops_i,
    input chip_pkg::cause_e cause_i
);

  always_comb report_pkg::expired = stops_i && cause_i == chip_pkg::CauseWatchdog;

endmodule
