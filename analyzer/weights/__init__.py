"""Model weights: what there is, where it comes from, and a checked copy in the user's cache."""
