"""What happened: every step of every boot as an event. Everything shown to a person is derived from these."""
