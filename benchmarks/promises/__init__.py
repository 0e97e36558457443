"""Parts of the benchmark of what a feed promises."""
