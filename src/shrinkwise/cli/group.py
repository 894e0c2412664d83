"""The command group. A sub-command is imported when it is called: ``--help`` costs click and nothing else."""

from __future__ import annotations

from importlib import import_module

import click

from shrinkwise import __version__

COMMANDS = {
    "fit": "Fit a table: verdict, report and model.",
    "net": "Fit networks to a table, beside the best linear model.",
    "predict": "Predict the rows of a table with a model.",
    "show": "Show what a model file holds.",
    "explain": "Say why a feature is in a model, or why it is out.",
    "compare": "Compare two models on the same rows.",
    "report": "Write the report of a model file again.",
}

HELP = """Do I overfit, which penalty, how strong, which features, and how sure is that?

\b
shrinkwise fit houses.csv --target price
shrinkwise predict model.shrinkwise new.csv -o predictions.csv
"""


class LazyGroup(click.Group):
    """Sub-command NAME is the function of that name in the module of that name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(f"shrinkwise.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=HELP,
    epilog="Exit codes: 0 done, 1 a fit is not certified, 2 wrong usage, 3 a file or its data cannot be used.",
)
@click.version_option(__version__, prog_name="shrinkwise", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the stack trace of an error.")
def shrinkwise(debug: bool) -> None:
    """Take the option of all commands, which `main` reads."""
