"""The Universal Disk Format: OSTA UDF 1.02 to 2.60 on ECMA-167, read side."""
