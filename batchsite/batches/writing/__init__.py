"""Writing a batch: the draft, what its columns hold, what it will cost, and the page that shows all that."""
