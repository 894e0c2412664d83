"""Networks of Keras whose L1, L2 and group penalties act: exact zeros, the whole grid at once, a smaller network."""
