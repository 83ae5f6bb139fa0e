"""Drivers, one per port: sockets in, events and bytes out. They decide nothing."""
