"""What answers: networks in a process of their own, and the client that talks to it."""
