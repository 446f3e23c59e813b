// How every reporter of the design is asked to speak.
package report_pkg;

  // Reporters speak when one of these rises.
  bit request = 1'b0;  // the harness gives the run up
  bit expired;  // the chip's watchdog does

  import "DPI-C" function void chip_report(
    input string place,
    input string value
  );

endpackage
