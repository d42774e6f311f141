"""The subcommands of `tuner`: one file per command or group of commands."""
