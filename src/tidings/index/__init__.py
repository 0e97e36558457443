"""What finds papers: derived from the store, following its change log, safe to delete."""
