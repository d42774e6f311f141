"""One module per state: parse the event, call one function of `tuner`, return a small result."""
