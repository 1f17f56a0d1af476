"""Sources of programs: the grammar, a language model, installed packages, files; and mutation of inputs."""
