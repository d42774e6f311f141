"""`python -m local up|down|status|env`: the local cloud without the rest of the command line."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from local import cloud
from local.errors import LocalCloudError

app = typer.Typer(help="A cloud on a laptop.", no_args_is_help=True, pretty_exceptions_enable=False)


def _print_message(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@app.command()
def up(
    engine: Annotated[str, typer.Option(help="smollm2 or tiny")] = "smollm2",
    deploy: Annotated[bool, typer.Option(help="Deploy the app too.")] = True,
) -> None:
    """Start the cloud and deploy the app into it."""
    cloud.up(engine, deploy, _print_message)


@app.command()
def down() -> None:
    """Take the cloud down and delete its data."""
    _print_message("The local cloud is down." if cloud.down(_print_message) else "There was no local cloud.")


@app.command()
def status() -> None:
    """Print the state of the cloud as JSON."""
    print(json.dumps(asdict(cloud.status()), default=str, indent=2))


@app.command()
def env() -> None:
    """Print the environment variables for a shell: eval "$(python -m local env)"."""
    print(cloud.env().shell())


if __name__ == "__main__":
    try:
        app()
    except LocalCloudError as error:
        _print_message(str(error))
        sys.exit(1)
