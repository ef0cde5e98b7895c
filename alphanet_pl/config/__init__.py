"""Every setting, and how words on the command line become checked settings."""
