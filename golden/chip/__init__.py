"""The chip's software side: what lies in memory, how it is compiled, planned, driven and read back.

docs/chip.md is the contract. In the order of a layer's way:

* `compile` lays a training step out in a `memory_image`: `lowering` and `program` say what is computed,
  `wg_units` how WG brings A, `packing` makes streams A, B and D, `job_items` stream C, `plan` chooses the
  order of jobs and says what they will move over the bus. What comes back is a `layer`; `output` says how its
  results are to leave.
* `validate` checks a chain of descriptors, `driver` runs it through the chip's registers.
* `results` turns memory back into tensors.
* `encoding` and `items` are the bits of all that; `interpreter` is the chip's golden model, which knows only
  them.
"""
