// Which fault is active in a design that holds all of them (tb/faults/schemata.py writes it); 0: none.
package fault_pkg;

  import "DPI-C" function int unsigned fault_selected();

  int unsigned selected = fault_selected();

endpackage
