"""Where and with what a figure was measured: without it a figure is worth nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from glmnet import r_versions
from threadpoolctl import threadpool_info

PACKAGES = ("shrinkwise", "numpy", "scipy", "numba", "scikit-learn", "celer", "glum")


def environment(command: str) -> dict[str, Any]:
    """Command, versions, processor, threads, commit and load."""
    versions = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        "versions": versions | (r_versions() or {}),
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "blas": sorted({f"{info['internal_api']} × {info['num_threads']}" for info in threadpool_info()}),
        "load": load(),
    }


def described(about: dict[str, Any]) -> list[str]:
    """The same in a few lines."""
    return [
        about["command"],
        f"{about['date']}, shrinkwise at {about['commit']}, Python {about['python']}",
        ", ".join(f"{name} {number}" for name, number in about["versions"].items()),
        f"{about['cpu']}, {about['cpus']} CPUs, BLAS and its threads: {', '.join(about['blas'])}",
        f"load at the start: {about['load']:.2f}" + (" — the machine is not idle" if about["load"] > 0.5 else ""),
    ]


def load() -> float:
    """Mean number of running processes in the last minute; NaN where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    with suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
    return "an unknown commit"


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
