"""What a canonical table is: columns, codes, rules, and the report of what was found."""
