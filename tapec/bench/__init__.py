"""The benchmark suite behind ``tapec bench``: real workloads, verified derivatives, fair timing."""
