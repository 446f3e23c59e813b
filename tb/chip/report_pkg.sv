// How the harness asks every reporter of the design to speak.
package report_pkg;

  bit request = 1'b0;  // reporters speak when it rises

  import "DPI-C" function void chip_report(
    input string place,
    input string value
  );

endpackage
