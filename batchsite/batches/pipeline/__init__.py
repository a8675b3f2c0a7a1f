"""Sending, watching and collecting: the steps of a submission, and what they stand on."""
