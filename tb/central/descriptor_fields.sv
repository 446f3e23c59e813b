// A descriptor's fields as words, in the order of `tb.central.tables.layer_fields`.
module descriptor_fields #(
    parameter int unsigned Fields = 34
) (
    input  chip_pkg::layer_t        layer_i,
    output logic             [31:0] fields_o[Fields]
);

  always_comb begin
    fields_o[0:23] = '{
        32'(layer_i.intra),
        32'(layer_i.balance),
        32'(layer_i.a_fmt),
        32'(layer_i.b_fmt),
        32'(layer_i.a_bias),
        32'(layer_i.b_bias),
        32'(layer_i.post.mode),
        32'(layer_i.post.fmt),
        32'(layer_i.post.bias),
        32'(layer_i.post.scale_bias),
        32'(layer_i.post.residual),
        32'(layer_i.post.relu),
        32'(layer_i.post.mask),
        32'(layer_i.post.columns),
        32'(layer_i.from_record),
        32'(layer_i.numerator),
        32'(layer_i.denominator),
        layer_i.table_line,
        layer_i.jobs,
        layer_i.records,
        layer_i.completion,
        layer_i.threshold,
        layer_i.next,
        32'(layer_i.last)
    };
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      fields_o[24+2*s]   = layer_i.windows[s].first;
      fields_o[24+2*s+1] = layer_i.windows[s].past;
    end
    fields_o[32] = layer_i.out_window.first;
    fields_o[33] = layer_i.out_window.past;
  end

endmodule
