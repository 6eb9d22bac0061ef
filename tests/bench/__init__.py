"""Benchmarks on real engines; `python -m tests.bench` (`make bench`) runs them all and writes bench.json."""
