import json

import pytest
from serve import ROW, memory, request, run, send, server

pytestmark = pytest.mark.posix


def test_malformed_requests_are_refused():
    with server() as (process, port):
        run(100, process, port)
        before, opened = memory(process)
        statuses = run(300, process, port, seed=1)
        after, opened_after = memory(process)
        assert {400, 404, 405, 413, 415, 422} <= set(statuses)
        assert sum(number for status, number in statuses.items() if status == 200) < 30
        assert after < before + 5
        assert opened_after <= opened + 1
        right = json.dumps({"rows": [ROW]}).encode()
        assert send(port, request(right))[0] == 200
