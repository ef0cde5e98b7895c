"""Ten Barra style factors from raw tables: descriptors, cross-sections, profiles, bases."""
