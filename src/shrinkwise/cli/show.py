"""``shrinkwise show``: what a model file holds."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def show(model: str, as_json: bool) -> None:
    """Show what MODEL holds: table, verdict, coefficients, certificate, versions."""
    from shrinkwise.cli._document import report_input, to_json
    from shrinkwise.store import load_model

    loaded = load_model(model)
    if as_json:
        sys.stdout.write(to_json(loaded) + "\n")
        return
    from shrinkwise.cli._say import console, visible
    from shrinkwise.report import print_report

    screen = console(stderr=False)
    print_report(report_input(loaded), screen)
    versions = ", ".join(f"{name} {version}" for name, version in loaded.versions.items())
    facts = {
        "target": loaded.target,
        "offset": loaded.offset,
        "exposure": loaded.exposure,
        "data": loaded.source,
        "made": loaded.created,
        "command": loaded.command,
        "seed": str(loaded.seed),
        "versions": versions,
    }
    screen.print()
    for name, value in facts.items():
        if value is not None:
            screen.print(f"{name}: {visible(value)}", markup=False, highlight=False, emoji=False)
