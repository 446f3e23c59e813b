// What the blocks of a feeder tell one another.
package feeder_pkg;

  // Work for the A side, in the order of the items; a job's end comes after its last item.
  localparam int unsigned FeedOpBits = 2;
  typedef enum logic [FeedOpBits-1:0] {
    FeedColumns = 2'd0,  // chip_pkg::feed_item_t
    FeedRows    = 2'd1,  // chip_pkg::feed_rows_item_t
    FeedEnd     = 2'd2
  } feed_op_e;

  localparam int unsigned FeedBits = $bits(chip_pkg::feed_rows_item_t);
  localparam int unsigned ColumnsBits = $bits(chip_pkg::feed_item_t);
  typedef struct packed {
    feed_op_e            op;
    logic                has_a;    // the job has a stream A
    logic [FeedBits-1:0] payload;
  } feed_t;

  // How the rows of a unit are gathered.
  typedef struct packed {
    logic                           first;     // of its K tile: the base table changes
    logic [2:0]                     ky;
    logic [2:0]                     kx;
    logic [chip_pkg::ElementBits:0] pitch;
    logic [5:0]                     pixels;
    logic [chip_pkg::ElementBits:0] elements;
  } unit_t;

endpackage
