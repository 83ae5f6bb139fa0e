"""What a file is, from its bytes: readers over ``read_at(offset, size)``. Pure; raises ``ImageError`` and nothing else."""
