"""Rolling training: a model every half year and seed, and the factor they make together."""
