"""What needs tools that not every machine has; `python -m tests.deploy.image` says which it misses."""
