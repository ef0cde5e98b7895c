"""Sections of an evaluation, from a factor, a panel and settings."""
