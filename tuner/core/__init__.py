"""What every stage uses: run ids, artifact keys, errors, resource names, times, text and the concurrency limiter."""
