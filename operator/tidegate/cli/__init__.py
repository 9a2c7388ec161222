"""The command line. The top layer: it makes settings of flags, and calls the runtime."""
