"""Readers and writers of tracks. Every reader parses untrusted input or raises TrackFormatError."""
