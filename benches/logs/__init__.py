"""Logs as harnesses write them, as many bytes as are wanted."""
