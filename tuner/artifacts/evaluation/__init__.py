"""What the evaluation writes: the answers of the contestants, their scores, the decision of the gate, the verdict."""
