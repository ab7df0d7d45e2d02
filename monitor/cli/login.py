"""`monitor login telegram`: sign an account in, here in the terminal."""

import argparse
import asyncio
import getpass
import sys

from monitor import settings
from monitor.cli.config import add_config, find_config
from monitor.telegram_settings import Account


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("platform", choices=["telegram"], help="where to sign in")
    parser.add_argument("--account", metavar="NAME", help="which of telegram.accounts")
    parser.add_argument("--qr", action="store_true", help="by a QR code instead of phone and code")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Sign in; exit code 0 if the session is usable now."""
    chosen = settings.load(find_config(options.config))
    account = _account(chosen.telegram.accounts, options.account)
    if account is None:
        return 2
    # the client library takes half a second to load: other verbs do without
    from monitor.sources.telegram.sharing import account_settings  # noqa: PLC0415 - see above
    from monitor.sources.telegram.signing_in import (  # noqa: PLC0415 - see above
        SignInError,
        Talk,
        sign_in,
    )

    its = account_settings(chosen, account)
    talk = Talk(_ask, lambda text: print(text, flush=True))
    try:
        name = asyncio.run(sign_in(its, account.phone, talk, by_qr=options.qr))
    except SignInError as error:
        print(f"not signed in: {error} - {error.hint}", file=sys.stderr)
        return 1
    except (EOFError, TimeoutError):
        print("not signed in: nobody answered - run it in a terminal", file=sys.stderr)
        return 1
    print(f"signed in as {name}; the session is {its.session}")
    print(
        "Keep that file to yourself: whoever has it has the account. A running monitor uses it now."
    )
    return 0


def _account(accounts: tuple[Account, ...], name: str | None) -> Account | None:
    """The account that is meant; None after saying why that is not clear."""
    found = [one for one in accounts if name in {None, one.name}]
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.name for one in accounts)
    if not accounts:
        hint = "add telegram: {accounts: [{name: main, api_id: ..., api_hash: env:API_HASH}]}"
        print(f"no account is configured - {hint}", file=sys.stderr)
    elif name is None:
        print(f"which account? - add --account, one of: {known}", file=sys.stderr)
    else:
        print(f"no account is called {name} - one of: {known}", file=sys.stderr)
    return None


def _ask(question: str, secret: bool) -> str:  # noqa: FBT001 - called through Ask
    """A line from the person; a secret is not shown in a terminal."""
    if secret and sys.stdin.isatty():
        return getpass.getpass(question)
    return input(question)
