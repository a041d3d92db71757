"""A client of the application within this process."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

ORIGIN = "http://localhost"


def client_of(app: FastAPI) -> TestClient:
    """A client; a failure of the service is answered, not raised, as with a real server."""
    return TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
