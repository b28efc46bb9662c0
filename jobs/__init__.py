"""Work that nobody waits for. Each job is a function that also runs without Prefect."""
