"""Reading traces: which lines ran, in which order, and what the locals were before and after each."""
