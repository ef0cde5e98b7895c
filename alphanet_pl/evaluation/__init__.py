"""Factor evaluation: IC, layers, index enhancement, performance and the page."""
