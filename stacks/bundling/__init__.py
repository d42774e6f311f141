"""What is packaged for the functions: their code, the layers with dependencies, and the encoder for BERTScore."""
