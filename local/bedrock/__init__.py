"""The local Bedrock: jobs train a small model, models answer, and endpoints take time and are billed by the second."""
