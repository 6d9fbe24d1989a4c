"""Machine and people: what a person marked in a call, held against what the report says."""
