"""Virtual PCs with real firmware on a private LAN: the proof that a boot works."""
