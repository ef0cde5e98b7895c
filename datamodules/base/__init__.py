"""What every room stands on: errors, files written whole, words."""
