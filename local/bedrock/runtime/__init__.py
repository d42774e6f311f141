"""The runtime: which weights a model id means, what InvokeModel's and Converse's bodies say, and the answer."""
