"""What runs inside the cloud's process: MiniStack, with this package's corrections in front."""

import ministack.app

from local import patches


def main() -> None:
    """Install the corrections and serve until the process is ended; settings come from the environment."""
    # MiniStack also listens on 443 where it may, for Cognito, which nothing here uses.
    ministack.app._port_is_bindable = lambda *_: False
    patches.install()
    ministack.app.main()


if __name__ == "__main__":
    main()
