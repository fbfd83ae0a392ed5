"""Land what our software, gateways and traces logged: sources in, a typed raw lake out."""

__version__ = "0.1.0"
