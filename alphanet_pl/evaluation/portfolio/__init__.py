"""What a factor earns: layers, index enhancement, performance."""
