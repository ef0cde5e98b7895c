"""The sections of the page that shows several variants."""
