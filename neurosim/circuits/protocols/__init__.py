"""Protocols: the experiments of the papers, run on their circuits; trials as tables, numbers with intervals.

A protocol has two halves. One simulates and returns one row a trial (a `pandas.DataFrame`). The other
summarises such rows in `Measurement` objects with 95 % confidence intervals over trials or seeds.
"""
