"""What `benches/relay.py` is made of, one noun a module.

In the order of a run: process, machine, generator, answer, contender, cost, streams, aim, record, bench, table.
"""
