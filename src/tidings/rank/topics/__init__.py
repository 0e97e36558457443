"""Topics: groups of papers that keep their identity as the archive grows. Pure functions of arrays."""
