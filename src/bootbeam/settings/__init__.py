"""The settings model: what a person can choose, checked once."""
