"""Networks beside ResNet-18 that are captured and trained, as ``--model NAME``; they need PyTorch.

`regressions.capture.options.NETWORKS` has their names. Each callable takes ``num_classes=``.
"""
