"""``tidegate completions``: print the completion script of a shell."""

from __future__ import annotations

import click

from tidegate.cli import click_commands, completion_scripts

_HELP = """\
Print a completion script for bash, zsh or fish.

The script completes commands, flags, their choices and files, and starts no process when you press Tab.
"""

_EXAMPLES = """\
  # bash: complete in this shell; for all users write to /usr/share/bash-completion/completions/tidegate
  eval "$(tidegate completions bash)"

  # zsh: write to a folder of $fpath, as the file _tidegate
  tidegate completions zsh > ~/.zfunc/_tidegate

  # fish
  tidegate completions fish > ~/.config/fish/completions/tidegate.fish
"""


def command() -> click_commands.Command:
    """Build the command."""
    shell = click.Argument(
        ["shell"], type=click.Choice(completion_scripts.SHELLS), metavar="SHELL", help="bash, zsh or fish."
    )
    return click_commands.Command("completions", run=_run, help=_HELP, examples=_EXAMPLES, params=[shell])


def _run(*, shell: str) -> None:
    root = click.get_current_context().find_root().command
    print(completion_scripts.script(shell, root), end="")
