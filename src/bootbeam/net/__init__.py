"""Sockets, interfaces and the machine's network: the only room that talks to the kernel about them."""
