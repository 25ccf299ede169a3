"""What `benches/relay.py` is made of, one noun a module.

In the order of a run: process, machine, dialect, generator, answer, contender, cost, translation, streams, decode, aim,
record, bench, table.
"""
