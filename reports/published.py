"""Figures published for LNPU and a relative: each is written here, or where the design aims at it, once.

The chip's operating points (the last is its highest clock) and power are `golden.power.operating`'s, its SRAM
is `golden.memories`'.
"""

ZERO_MACS = 0.43
"""Share of MACs with a zero input (Hot Chips 31 poster)."""
INPUT_SPARSITY = (0.37, 0.61)
"""Input sparsity of VGG16, AlexNet and ResNet-18, from and to (ISSCC 2019)."""
FP8_SHARE = 0.80
"""Share of ResNet-18's data that FP8 covers (Hot Chips 31 poster)."""
DATA_SHARE = 0.78
"""Share of X and δ in external memory access (Hot Chips 31 poster)."""
EMA_SAVED = 0.389
"""External memory access saved by FGMP in ResNet-18 training (KAIST thesis, 2020)."""
GAIN = 2.08
"""Gain in energy efficiency in ResNet-18 training (KAIST thesis, 2020)."""
GAIN_OVER_SPARSE_FP16 = 1.76
"""Gain in energy efficiency over sparse FP16 (IEEE SSC-L 2019)."""
FP8_ENERGY = 0.25
"""Energy of an FP8 operation over that of an FP16 one (ISSCC 2019: about a quarter)."""
EFFICIENCY = 25.3
"""TFLOPS/W at high input sparsity (title of the ISSCC 2019 paper)."""
PEAK_FP16, PEAK_FP8 = 300e9, 600e9
"""FLOPS without sparsity at 200 MHz: derived from power and efficiency, not stated in the abstracts."""
DIE_EDGE = 4
"""Edge of the square die, mm (Hot Chips 31 poster)."""
ACCURACY = "no degradation of ResNet-18's"
"""What FGMP does to training accuracy (IEEE SSC-L 2019)."""
RELATIVE_SAVED = 0.65
"""Fall of EMA in training in the accelerator of Fu and Yang (NTU), which prunes weights and gradients too."""
