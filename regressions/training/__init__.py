"""Training of a network as the chip would compute it: operands in FGMP, products in FP32, results in FP16.

Like `regressions.capture`, whose networks and data sets it uses, it needs PyTorch, and nothing outside it
imports it. Two arithmetics compute the same products: `emulation`, PyTorch's convolutions on operands
that are bit-equal to the golden model's, and `exact`, the golden model itself.
"""
