"""Model files, changed for tests."""

import json

import numpy as np

from whorl._core.archive import seal


def listed(directory):
    return [path.name for path in directory.iterdir()]


def altered(path, **changes):
    """Change some arrays of the file; None removes an array."""
    with np.load(path) as archive:
        arrays = dict(archive) | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return sealed(path)


def sealed(path):
    """Add the checksum, as an attacker would."""
    with path.open("r+b") as file:
        seal(file)
    return path


def header(path, **changes):
    with np.load(path) as archive:
        return np.array(json.dumps(json.loads(str(archive["whorl"])) | changes))
