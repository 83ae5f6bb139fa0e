"""The one boot decision, and the scripts it is written in, one file per dialect. Pure."""
