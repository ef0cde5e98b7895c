"""One module a verb, each with `run(settings) -> str`: do it, and say what came out."""
