"""Tidings reads what the research world publishes, finds what matters to each reader, and tells them."""
