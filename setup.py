"""Put the rooms of the house under one import name: `kg/stores` installs as `clinigraph.kg.stores`.

Everything else about the package stands in pyproject.toml. This file exists because setuptools' own package
finder cannot prefix what it finds, and a hand-kept list forgets folders.
"""

from pathlib import Path

from setuptools import find_namespace_packages, setup

ROOMS = ("schemas", "pipeline", "kg", "app")
HERE = Path(__file__).parent

packages = ["clinigraph"]
for room in ROOMS:
    found = find_namespace_packages(str(HERE / room), exclude=["*__pycache__*"])
    packages += [f"clinigraph.{room}"] + [f"clinigraph.{room}.{name}" for name in found]

setup(packages=packages, package_dir={f"clinigraph.{room}": room for room in ROOMS} | {"clinigraph": "package"})
