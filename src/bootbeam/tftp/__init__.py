"""One TFTP transfer as a pure state machine."""
