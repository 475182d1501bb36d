"""What may come: the monthly series ahead, and the queue simulated."""
