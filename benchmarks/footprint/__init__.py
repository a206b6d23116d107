"""What whorl weighs: time to start, disk, memory, latency, and how they grow. One part of the page a file."""
