"""What the template is checked against: AWS's limits, and the findings of cdk-nag that are accepted."""
