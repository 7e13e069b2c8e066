"""Public prompts under permissive terms, read from named repositories at named commits.

Their texts stay out of this repository; this package makes them again.
"""

import importlib
import pkgutil


def sources():
    """Every source of every module of this package that has a list of them."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if module.name not in ("__main__", "card"):
            yield from getattr(importlib.import_module(f"collect.{module.name}"), "SOURCES", [])
