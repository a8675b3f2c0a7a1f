"""The pages around batches: from HTTP to a call and back, and what they read."""
