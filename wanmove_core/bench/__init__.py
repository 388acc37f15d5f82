"""Benchmarks of motion control: the synthetic world, data sets, metrics, report."""
