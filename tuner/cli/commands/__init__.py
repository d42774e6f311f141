"""The subcommands of `tuner`, one file each."""
