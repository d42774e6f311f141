"""The entry point of the server process: installs the patches and starts MiniStack."""

from local import processes
from local.folder import CloudFolder


def main() -> None:
    """Installs the patches and serves until the process is ended. Settings come from the environment."""
    # Imported here, because every training process imports this module again (multiprocessing does so).
    import ministack.app

    from local import patches

    # MiniStack also listens on port 443 for Cognito if it can. Nothing here uses it.
    ministack.app._port_is_bindable = lambda *_: False
    processes.end_with_owner(CloudFolder.default())
    patches.install()
    ministack.app.main()


if __name__ == "__main__":
    main()
