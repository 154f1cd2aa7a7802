"""AWS on loopback, by moto. Writes its URL to standard output, and ends with its standard input."""

import re
import sys
from threading import Thread

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

FUNCTION_URLS = re.compile(r"^/[\d-]+/functions/[^/]+/urls$")


class Application(DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        # ListFunctionUrlConfigs, which moto does not have: no function has a URL.
        if environ["REQUEST_METHOD"] == "GET" and FUNCTION_URLS.match(environ["PATH_INFO"]):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"FunctionUrlConfigs": []}']
        return super().__call__(environ, start_response)


server = make_server("127.0.0.1", 0, Application(create_backend_app), threaded=True)
Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.port}", flush=True)
sys.stdin.read()
