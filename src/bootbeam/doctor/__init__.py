"""What stands in the way of a boot, found before the first one: readings in, findings with their fixes out."""
