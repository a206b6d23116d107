"""A model as a web service, with Starlette, which the extra ``whorl[serve]`` installs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whorl._core.hints import hint_missing_names
from whorl.model import Model

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["app"]

hint_missing_names(__name__)

EXTRA = "which the extra whorl[serve] installs"

MAX_BODY, MAX_ROWS = 2**20, 10_000
"""The default limits of a request: bytes, and rows."""


def app(model: Model, *, max_body: int = MAX_BODY, max_rows: int = MAX_ROWS) -> Starlette:
    """Return a web application that answers with predictions of a model, for any ASGI server.

    ``whorl serve model.npz`` runs it. ``docs/serving.md`` describes its paths: ``POST /predict``, ``GET /schema``, ``GET /healthz`` and
    ``GET /metrics``.

    Parameters
    ----------
    model : Model
        Must not change while it is served.
    max_body : int, optional
        The largest size of a request, in bytes.
    max_rows : int, optional
        The largest number of rows of a request.

    Returns
    -------
    starlette.applications.Starlette

    Raises
    ------
    ImportError
        If a package of the extra is missing.
    ValueError
        If the preparation or the classes of the model do not fit its layers.

    Examples
    --------
    >>> from whorl import Dense, Model, Softmax, serving
    >>> application = serving.app(Model([Dense(3), Softmax()], inputs=2, rng=0))
    >>> [route.path for route in application.routes]
    ['/predict', '/schema', '/healthz', '/metrics']
    """
    try:
        from whorl.serving.application import application
    except ImportError as error:
        raise ImportError(f"serving needs Starlette, orjson and prometheus-client, {EXTRA}") from error
    return application(model, max_body=max_body, max_rows=max_rows)
