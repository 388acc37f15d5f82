"""Modules to video: settings, sampling, placement, jobs and batches."""
