"""Other implementations of the losses, timed on request: `python3 -m peers`."""
