"""How fast sync is: `make bench-sync`. What is measured and how: docs/performance.md."""
