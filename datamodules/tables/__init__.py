"""Vendor tables, checked: canonical columns, structural checks, row checks, data report."""
