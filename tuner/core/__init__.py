"""What every stage uses: a run and where its files are, errors, names on AWS, times, text and concurrency."""
