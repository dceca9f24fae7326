class Unable(Exception):
    """What was asked for cannot be done here, and why."""
