"""Tests of client.py against a server of Python's."""

import http.server
import threading
import unittest

from lab.client import ApiError, Client


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.callers.add(self.client_address)
        body = b'{"data":{"result":[{"value":[1,"2.5"]}]}}'
        self.send_response(400 if self.path == "/refused" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Requests(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.callers = set()
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def client(self, **kwargs) -> Client:
        client = Client(self.server.server_address[1], timeout_s=20, **kwargs)
        self.addCleanup(client.close)
        return client

    def test_keeps_its_connection(self):
        client = self.client(kept_s=60)
        for _ in range(3):
            self.assertEqual(client.value("up", 1000), 2.5)
        self.assertEqual(len(self.server.callers), 1)

    def test_replaces_a_connection_that_was_idle_too_long(self):
        client = self.client(kept_s=-1)
        for _ in range(3):
            client.request("/")
        self.assertEqual(len(self.server.callers), 3)

    def test_an_error_is_told_with_its_status(self):
        with self.assertRaisesRegex(ApiError, "GET /refused: 400"):
            self.client().request("/refused")


if __name__ == "__main__":
    unittest.main()
