"""FAT file systems, written: what firmware reads from the disk image it fetches by HTTP."""
