"""ISO 9660 and UDF images."""
