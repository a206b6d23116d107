"""The checksum of a model and of its training state, to see that nothing has changed."""

import hashlib
import json

from whorl.training import saving


def checksum(model, state=None):
    """Return the SHA-256 of all that a model holds, and of all that a training keeps."""
    header, arrays = saving.write(state)
    digest = hashlib.sha256(json.dumps([header, sorted(model.frozen), repr(model)]).encode())
    for array in (model.parameters, model.statistics, model.gradients, *arrays.values()):
        digest.update(array.tobytes())
    return digest.hexdigest()
