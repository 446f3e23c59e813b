"""Sign-off: how well the tests cover plan and code, and what share of faults they catch; pages and documents.

`coverage` is the command (`./run coverage`); `faults` reports a fault campaign.
"""
