"""Keep the programs and calls that are worth asking about, and say why the others are dropped."""
