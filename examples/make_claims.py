"""Write examples/claims.csv: 4,000 made-up motor policies, held for a quarter of a year to five years.

Claims are Poisson; their rate per year falls with age, grows with power, and is higher in the city and lower in the
plain. The color of the car has no say. Run it as ``python examples/make_claims.py``; it needs NumPy, whose generators
may change between versions, so the table itself is kept, too.
"""

import csv
from pathlib import Path

import numpy as np

POLICIES = 4_000
RESULT = Path(__file__).with_name("claims.csv")
REGIONS = {"city": 0.4, "coast": 0.0, "hills": 0.0, "plain": -0.2}  # log rates
COLORS = ("black", "blue", "red", "white")


def main() -> None:
    """Draw policies, then their claims."""
    rng = np.random.default_rng(0)
    years = rng.integers(1, 21, POLICIES) / 4
    age = rng.integers(18, 85, POLICIES)
    power = rng.integers(40, 200, POLICIES)
    region = rng.choice(list(REGIONS), POLICIES, p=[0.3, 0.2, 0.1, 0.4])
    color = rng.choice(COLORS, POLICIES)
    rate = np.exp(-1.9 - 0.015 * (age - 18) + 0.004 * (power - 40) + np.array([REGIONS[name] for name in region]))
    claims = rng.poisson(rate * years)
    with RESULT.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["claims", "years", "age", "power", "region", "color"])
        writer.writerows(zip(claims, years, age, power, region, color, strict=True))
    print(f"wrote {RESULT}: {POLICIES} policies, {claims.sum()} claims in {years.sum():g} years")


if __name__ == "__main__":
    main()
