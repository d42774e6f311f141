"""What people and CloudWatch are told when a run is over."""
