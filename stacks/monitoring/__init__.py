"""What operators look at: the dashboard, alarms, notifications, log groups and the dead-letter queue."""
