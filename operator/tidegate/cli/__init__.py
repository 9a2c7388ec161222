"""The command line: one module for each command. The top layer: it turns flags into settings and starts the runtime."""
