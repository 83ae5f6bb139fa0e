"""What this station can hand out: images and boot loaders on this disk, each as an open, unchanging content."""
