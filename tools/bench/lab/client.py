"""A client of the Prometheus HTTP API over one kept connection. It reads bodies whole and parses only where a value is asked for."""

import http.client
import json
import time
import urllib.parse

# Servers close a connection that nothing was asked on for a minute (VictoriaMetrics) or more; others have long turns.
_KEPT_S = 20.0


class ApiError(Exception):
    """The server answered with an error; `status` is that of HTTP."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.status = status


class Client:
    """Not for use by two threads at once."""

    def __init__(self, port: int, timeout_s: float = 120.0, kept_s: float = _KEPT_S):
        """`kept_s`: a connection that was not used for so long is replaced."""
        self._port = port
        self._timeout_s = timeout_s
        self._kept_s = kept_s
        self._used = 0.0
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(self, path: str, params=(), method: str = "GET") -> bytes:
        """The body of a 2xx answer; ApiError for another one, OSError where there is no answer."""
        pairs = list(params.items()) if isinstance(params, dict) else list(params)
        target = path + ("?" + urllib.parse.urlencode(pairs) if pairs else "")
        if time.monotonic() > self._used + self._kept_s:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_s)
        try:
            self._connection.request(method, target)
            response = self._connection.getresponse()
            body = response.read()
            self._used = time.monotonic()
        except http.client.HTTPException as error:
            self.close()
            raise ConnectionError(f"{method} {target}: {error!r}") from error
        except BaseException:
            self.close()
            raise
        if response.status // 100 != 2:
            raise ApiError(f"{method} {target}: {response.status} {body[:200]!r}", response.status)
        return body

    def value(self, query: str, time_ms: int) -> float | None:
        """The value of an instant query's first series at `time_ms`; None where there is none."""
        body = self.request("/api/v1/query", {"query": query, "time": f"{time_ms / 1000:.3f}"})
        result = json.loads(body)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def samples(self, selector: str, time_ms: int) -> list[list[tuple[float, float]]]:
        """For each series of a range selector, `up[5m]`: its samples up to `time_ms`, seconds and value."""
        body = self.request("/api/v1/query", {"query": selector, "time": f"{time_ms / 1000:.3f}"})
        result = json.loads(body)["data"]["result"]
        return [[(float(t), float(value)) for t, value in series["values"]] for series in result]
