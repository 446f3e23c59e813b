"""Training of a network as the chip would compute it: operands in FGMP, products in FP32, results in FP16.

Like `regressions.capture`, whose networks and data sets it uses, it needs PyTorch; command line, options,
policies and record do not, and nothing else of it is imported outside. Two arithmetics compute the same
products: `emulation`, PyTorch's convolutions on operands that are bit-equal to the golden model's, and
`exact`, the golden model itself.
"""
