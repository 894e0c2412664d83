"""The claims of a textbook page on L1 and L2, each with its numbers and its figure.

python docs/explainer.py              # all of them
python docs/explainer.py sparsity     # one
python docs/explainer.py --write      # put all numbers and figures into docs/explainer.md
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from claims_linear import LINEAR
from claims_networks import NETWORKS

CLAIMS: dict[str, Callable] = LINEAR | NETWORKS


def draw(plot: Callable, place: Path) -> None:
    """Write a figure: the same bytes each time it is made of the same numbers."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "shrinkwise", "svg.fonttype": "none", "font.size": 10})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    plot(axes)
    axes.spines[["top", "right"]].set_visible(False)
    place.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(place, metadata={"Date": None})
    plt.close(figure)


def write(page: Path) -> None:
    """Put the lines of every claim behind its command, and its figure beside the page."""
    text = page.read_text(encoding="utf-8")
    for name, claim in CLAIMS.items():
        lines, plot = claim()
        block = rf"(    python docs/explainer\.py {name}\n\n```text\n).*?(```)"
        text, count = re.subn(
            block, lambda match, lines=lines: match[1] + "\n".join(lines) + "\n" + match[2], text, flags=re.S
        )
        assert count == 1, f"{page} must show {name} once, not {count} times"
        draw(plot, page.parent / "figures" / f"{name}.svg")
    page.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Print the numbers of the claims that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claim", nargs="?", choices=[*CLAIMS])
    parser.add_argument("--write", action="store_true", help="numbers and figures into docs/explainer.md")
    given = parser.parse_args(arguments)
    if given.write:
        write(Path(__file__).with_suffix(".md"))
        return
    for name in [given.claim] if given.claim else CLAIMS:
        lines, _ = CLAIMS[name]()
        print("\n".join(lines if given.claim else [f"# {name}", *lines]))


if __name__ == "__main__":
    main()
