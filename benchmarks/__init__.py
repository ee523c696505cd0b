"""What is claimed to be fast, measured against peers: ratios of CPU times taken side by side in one run."""
