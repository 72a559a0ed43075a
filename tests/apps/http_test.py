"""HTTP itself: what is malformed, too long, pipelined, chunked; routing; what the command says and how it ends.

    http_test.py SLUICE [unittest's arguments]
"""

import json
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from server_process import ROBUSTNESS, TIMEOUT, WRITABLE, Background, Server

SLUICE = sys.argv.pop(1)
APP = {"name": "app", "entry": str(ROBUSTNESS), "time_limit_ms": 60_000}


def request(line="GET /hello HTTP/1.1", *fields, body=b"", host="Host: x"):
    head = "\r\n".join([line, *([host] if host else []), *fields, "", ""])
    return head.encode("latin-1") + body


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(SLUICE, {"apps": [APP]}, "--status", "/status")

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.server.stop() == 0, cls.server.errors()
        finally:
            cls.server.kill()

    def raw(self, data, **keywords):
        return self.server.raw(data, **keywords).decode("latin-1")

    def test_malformed_requests_are_refused_with_a_reason_and_the_connection_closed(self):
        for what, data, status in [
                ("no request", b"hello\r\n\r\n", 400),
                ("no version", b"GET /\r\n\r\n", 400),
                ("no host", request(host=None), 400),
                ("two hosts", request("GET / HTTP/1.1", "Host: y"), 400),
                ("a host that is none", request(host="Host: a b"), 400),
                ("user information", request(host="Host: me@x"), 400),
                ("a field without a colon", request("GET / HTTP/1.1", "nonsense"), 400),
                ("a space before the colon", request("GET / HTTP/1.1", "X : 1"), 400),
                ("bare LF", b"GET /hello HTTP/1.1\nHost: x\n\n", 400),
                ("a NUL", request("GET / HTTP/1.1", "X: a\0b"), 400),
                ("two lengths", request("POST / HTTP/1.1", "Content-Length: 1", "Content-Length: 2", body=b"ab"), 400),
                ("a length that is none", request("POST / HTTP/1.1", "Content-Length: -1"), 400),
                ("a length with a sign", request("POST / HTTP/1.1", "Content-Length: +1", body=b"a"), 400),
                ("a length and chunks", request("POST / HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
                ("chunks and a length", request("POST / HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 3", body=b"0\r\n\r\n"), 400),
                ("another coding", request("POST / HTTP/1.1", "Transfer-Encoding: gzip"), 501),
                ("chunked twice", request("POST / HTTP/1.1", "Transfer-Encoding: chunked, chunked"), 501),
                ("chunked in 1.0", request("POST / HTTP/1.0", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
                ("chunks that are none", request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"xyz\r\n"), 400),
                ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
                ("an unknown expectation", request("POST / HTTP/1.1", "Expect: wonders", "Content-Length: 1"), 417),
                ("a fragment", request("GET /#a HTTP/1.1"), 400),
                ("another scheme", request("GET ftp://x/ HTTP/1.1"), 400),
                ("*, which is for OPTIONS", request("GET * HTTP/1.1"), 400),
                ("a long line", request("GET /" + "a" * 20_000 + " HTTP/1.1"), 431),
                ("a long field", request("GET / HTTP/1.1", "X: " + "a" * 20_000), 431),
                ("many fields", request("GET / HTTP/1.1", *["X: y"] * 5_000), 431),
                ("a long body", request("POST / HTTP/1.1", f"Content-Length: {1 << 40}"), 413),
                ("a long chunk", request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"fffffff\r\n"), 413),
        ]:
            with self.subTest(what):
                answer = self.raw(data)
                self.assertTrue(answer.startswith(f"HTTP/1.1 {status} "), answer[:200])
                self.assertEqual(answer.count("\r\nconnection: close\r\n"), 1)
        self.assertEqual(self.server.get("/hello")[2], "hello")

    def test_fields_that_come_line_by_line_are_counted_together(self):
        with self.server.socket() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            answer = b""
            client.setblocking(False)
            for _ in range(20_000):
                try:
                    client.send(b"X: " + b"y" * 95 + b"\r\n")
                    answer = client.recv(100)
                    break
                except BlockingIOError:
                    continue
            self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer)

    def test_request_may_come_byte_by_byte(self):
        data = request("POST /echo HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close",
                       body=b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: no\r\n\r\n")
        with self.server.socket() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in data:
                client.sendall(bytes([byte]))
            answer = b""
            while more := client.recv(65536):
                answer += more
        echo = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        self.assertEqual((echo["method"], echo["body"]), ("POST", "abcde"))
        self.assertNotIn("trailer", [name for name, _ in echo["headers"]])

    def test_requests_on_one_connection_are_answered_in_order(self):
        requests = b"".join(request(f"GET /{path} HTTP/1.1") for path in ("slow?ms=30", "hello", "nope", "big?kb=100"))
        answer = self.raw(b"\r\n" + requests + request("GET /hello HTTP/1.1", "Connection: close"))
        bodies = [part.split("\r\n\r\n", 1) for part in answer.split("HTTP/1.1 ")[1:]]
        self.assertEqual([head[:3] for head, _ in bodies], ["200", "200", "404", "200", "200"])
        self.assertEqual([body for _, body in bodies][:3], ["slow", "hello", "no such way\n"])
        self.assertEqual((len(bodies[3][1]), bodies[4][1]), (102_400, "hello"))

    def test_thousands_of_requests_may_wait_in_the_pipe(self):
        count = 3_000
        data = request("GET * HTTP/1.1".replace("GET", "OPTIONS")) * (count - 1)
        answer = self.raw(data + request("OPTIONS * HTTP/1.1", "Connection: close"))
        self.assertEqual(answer.count("HTTP/1.1 204 No Content"), count)

    def test_connection_is_kept_as_the_client_asks(self):
        for data, kept in [(request(), True), (request("GET /hello HTTP/1.1", "Connection: close"), False),
                           (request("GET /hello HTTP/1.0"), False),
                           (request("GET /hello HTTP/1.0", "Connection: keep-alive"), True)]:
            with self.subTest(data):
                answer = self.raw(data + request("GET /hello HTTP/1.1", "Connection: close"))
                self.assertEqual(answer.count("hello"), 2 if kept else 1)
                self.assertEqual("connection: keep-alive" in answer, kept and b"HTTP/1.0" in data)

    def test_client_that_closed_its_side_gets_its_response(self):
        self.assertTrue(self.raw(request("GET /slow?ms=20 HTTP/1.1"), half_close=True).endswith("\r\n\r\nslow"))
        self.assertEqual(self.raw(request("GET /slow?ms=20 HTTP/1.1") * 3, half_close=True).count("\r\n\r\nslow"), 3)

    def test_expect_continue_is_answered_before_the_body_comes(self):
        with self.server.socket() as client:
            client.sendall(request("POST /echo HTTP/1.1", "Expect: 100-continue", "Content-Length: 4", "Connection: close"))
            self.assertEqual(client.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.sendall(b"body")
            answer = b""
            while more := client.recv(65536):
                answer += more
        self.assertEqual(json.loads(answer.split(b"\r\n\r\n", 1)[1])["body"], "body")

    def test_too_long_a_body_is_refused_without_continue(self):
        answer = self.raw(request("POST /echo HTTP/1.1", "Expect: 100-continue", "Content-Length: 99999999"))
        self.assertTrue(answer.startswith("HTTP/1.1 413 "), answer)

    def test_refused_client_that_goes_on_sending_still_reads_why(self):
        with self.server.socket() as client:
            try:
                client.sendall(request("POST /echo HTTP/1.1", "Content-Length: 99999999") + b"x" * 2_000_000)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it need not read all of it
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 413 "))

    def test_head_has_the_length_and_no_body(self):
        connection = self.server.connection()
        self.addCleanup(connection.close)
        for _ in range(2):  # a body would be the next response's status line
            connection.request("HEAD", "/hello")
            response = connection.getresponse()
            self.assertEqual((response.status, response.headers["content-length"], response.read()), (200, "5", b""))

    def test_responses_have_a_date_and_the_framing_is_the_servers_own(self):
        status, headers, body = self.server.get("/headers")
        self.assertEqual((status, body), (201, "framed"))
        self.assertEqual(headers["content-length"], "6")
        self.assertIsNone(headers["transfer-encoding"])
        self.assertIsNone(headers["connection"])
        self.assertEqual(headers.get_all("set-cookie"), ["a=1", "b=2"])
        self.assertRegex(headers["date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertIn("HTTP/1.1 201 Made\r\n", self.raw(request("GET /headers HTTP/1.1", "Connection: close")))

    def test_no_content_has_no_length(self):
        status, headers, body = self.server.get("/no-content")
        self.assertEqual((status, headers["content-length"], body), (204, None, ""))

    def test_request_is_what_was_sent(self):
        status, _, body = self.server.request("POST", "/echo?a=%20b", "h\u00e9".encode(), {"X-One": "1", "Host": "Some.Host:81"})
        echo = json.loads(body)
        self.assertEqual((status, echo["method"], echo["body"]), (200, "POST", "h\u00e9"))
        self.assertEqual(echo["url"], "http://some.host:81/echo?a=%20b")
        self.assertIn(["x-one", "1"], echo["headers"])

    def test_absolute_target_wins_over_host(self):
        answer = self.raw(request("GET http://other:99/echo HTTP/1.1", "Connection: close"))
        self.assertIn('"http://other:99/echo"', answer)

    def test_http_1_0_without_host_is_at_the_servers_own_address(self):
        answer = self.raw(request("GET /echo HTTP/1.0", host=None))
        self.assertIn('"http://%s:%d/echo"' % self.server.address, answer)

    def test_methods_for_proxies_and_debuggers_are_not_served(self):
        self.assertTrue(self.raw(request("TRACE / HTTP/1.1", "Connection: close")).startswith("HTTP/1.1 501 "))
        self.assertTrue(self.raw(request("CONNECT x:1 HTTP/1.1", "Connection: close")).startswith("HTTP/1.1 400 "))
        self.assertEqual(self.server.request("BREW", "/hello")[0], 200)

    def test_url_that_is_none_is_the_clients_mistake(self):
        self.assertTrue(self.raw(request("GET / HTTP/1.1", "Connection: close", host="Host: a%zz")).startswith("HTTP/1.1 400 "))

    def test_large_response_arrives_whole_at_a_slow_client(self):
        with self.server.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.sendall(request("GET /big?kb=4096 HTTP/1.1", "Connection: close"))
            size = 0
            while more := client.recv(1000):
                size += len(more)
        self.assertGreater(size, 4_194_304)

    def test_many_connections_at_once(self):
        calls = [Background(self.server.get, "/slow?ms=20") for _ in range(100)]
        self.assertEqual([call.result()[0] for call in calls], [200] * 100)


class Routing(unittest.TestCase):
    def test_host_then_longest_prefix_of_whole_segments(self):
        def app(name, **where):
            return {"name": name, "entry": str(ROBUSTNESS), **where}

        with Server(SLUICE, {"apps": [app("any", path_prefix="/one"), app("longer", path_prefix="/one/two"),
                                      app("host", hostname="A.test", path_prefix="/one"), app("only", hostname="b.test")]}) as server:
            for host, path, name in [("x", "/one/limit", "any"), ("a.TEST:80", "/one/limit", "host"), ("b.test", "/limit", "only"),
                                     ("a.test", "/one/../one/limit", "host"), ("x", "/b/%2e%2e/one/limit", "any")]:
                with self.subTest(host + path):
                    self.assertEqual(server.json(path, Host=host)["name"], name)
            self.assertEqual(server.get("/one/two", Host="x")[2], "no such way\n")
            for host, path in [("x", "/onely"), ("x", "/"), ("a.test", "/limit")]:
                with self.subTest(host + path):
                    self.assertEqual(server.get(path, Host=host)[0], 404)
            self.assertEqual(server.stop(), 0)

    def test_unknown_host_where_all_apps_have_theirs_is_misdirected(self):
        with Server(SLUICE, {"apps": [{"entry": str(ROBUSTNESS), "hostname": "a.test"}]}) as server:
            self.assertEqual(server.get("/hello", Host="b.test")[0], 421)
            self.assertEqual(server.get("/hello", Host="a.test")[0], 200)

    def test_two_apps_keep_their_own_limits(self):
        apps = [{"name": name, "entry": str(ROBUSTNESS), "path_prefix": f"/{name}", "max_buffer_size_mb": size}
                for name, size in (("one", 0.25), ("two", 2))]
        with Server(SLUICE, {"apps": apps}) as server:
            calls = [Background(server.json, f"/{name}/fill") for name in ("one", "two")]
            self.assertEqual([call.result()["bytes"] for call in calls], [262_144, 2_097_152])


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def configuration(self, value):
        path = self.folder / "configuration.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    def serve(self, *arguments):
        return subprocess.run([SLUICE, "serve", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=TIMEOUT, check=False)

    def test_wrong_configuration_is_told_with_place_and_exit_code_2(self):
        path = self.configuration('{"server": {"port": "x"},\n "apps": [{"entry": "missing.mjs"}]}')
        for flags in ([], ["--check"]):
            result = self.serve(path, *flags)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn(f"{path}:1:21: server.port: expected", result.stderr)
            self.assertIn(f"{path}:2:21: apps[0].entry: expected", result.stderr)

    def test_check_starts_nothing(self):
        app = self.folder / "app.mjs"
        app.write_text("throw new Error('not to be run')")
        result = self.serve("--check", self.configuration({"apps": [{"entry": str(app)}]}))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("correct", result.stdout)

    def test_app_that_does_not_load_is_told_with_its_place_and_exit_code_2(self):
        for text, words in [("export default {\n  fetch( {", ["app.mjs:2:", "SyntaxError"]),
                            ("\nthrow new Error('at load')", ["app.mjs:2", "Error: at load"]),
                            ("import './missing.mjs'", ["app.mjs:1:", "missing.mjs"]),
                            ("await new Promise(() => {})", ["top-level await"]),
                            ("export const x = 1", ["app.mjs", "no handler", "export default"]),
                            ("export default 5", ["no handler"]),
                            ("export default { get fetch() { throw new TypeError('getter') } }", ["TypeError: getter"]),
                            ("sluice.exit(0)", []),
                            ("for (const all = [];;) all.push({all})", ["memory limit"])]:
            with self.subTest(text):
                (self.folder / "app.mjs").write_text(text)
                good = {"name": "good", "entry": str(ROBUSTNESS)}
                bad = {"name": "bad", "entry": "app.mjs", "path_prefix": "/bad", "memory_limit_mb": 32}
                result = self.serve(self.configuration({"server": {"port": 0}, "apps": [good, bad]}))
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                for word in [*words, "app 'bad'" if words else ""]:
                    self.assertIn(word, result.stderr)

    def test_top_level_await_and_timers_are_waited_for(self):
        (self.folder / "app.mjs").write_text(
            "await new Promise((r) => setTimeout(r, 5)); setInterval(() => {}, 1e6); export function fetch() { return new Response('up') }")
        with Server(SLUICE, {"apps": [{"entry": str(self.folder / "app.mjs")}]}) as server:
            self.assertEqual(server.get("/")[2], "up")
            self.assertEqual(server.stop(), 0)

    def test_port_in_use_is_told_with_exit_code_2(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            result = self.serve(self.configuration({"server": {"port": port}, "apps": [APP]}))
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(result.stderr, f"sluice: cannot listen on 127.0.0.1 port {port}: another process does\n")

    def test_address_that_is_not_this_machines_is_told(self):
        result = self.serve(self.configuration({"server": {"address": "192.0.2.1", "port": 0}, "apps": [APP]}))
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("cannot listen on 192.0.2.1 port 0: ", result.stderr)

    def test_ipv6_address_is_in_brackets(self):
        with Server(SLUICE, {"server": {"address": "::1"}, "apps": [APP]}) as server:
            if "cannot listen" in server.errors():
                self.skipTest("this machine has no IPv6")
            self.assertRegex(server.lines[0], r"^Listening on http://\[::1\]:\d+\n$")

    def test_nothing_but_the_address_is_printed_without_log(self):
        with Server(SLUICE, {"apps": [APP]}) as server:
            server.get("/hello")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(len(server.lines), 1)
            self.assertEqual(server.errors(), "")

    def test_log_has_a_line_for_each_request(self):
        with Server(SLUICE, {"apps": [APP]}, "--log") as server:
            server.get("/hello")
            server.get("/hello?x", Host="a b")
            self.assertEqual(server.stop(), 0)
            # Each I/O thread writes its line after the response is sent: which of two connections is first is open.
            found, refused = sorted(server.lines[1:], key=lambda line: "?x" in line)
            self.assertRegex(found, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 127\.0\.0\.1 GET /hello 200 \d+ \d+us app\n$")
            self.assertRegex(refused, r" GET /hello\?x 400 \d+ \d+us -\n$")

    def test_console_of_an_app_is_printed(self):
        (self.folder / "app.mjs").write_text("console.log('up'); export function fetch() { console.log('asked'); return new Response() }")
        with Server(SLUICE, {"apps": [{"entry": str(self.folder / "app.mjs")}]}) as server:
            self.assertEqual(server.get("/")[0], 200)
            self.assertEqual(server.stop(), 0)
            self.assertEqual((server.lines[0], server.lines[2:]), ("up\n", ["asked\n"]))

    def test_status_is_off_by_default_and_the_writable_app_is_whole(self):
        with Server(SLUICE, {"apps": [{"entry": str(WRITABLE)}]}) as server:
            self.assertEqual(server.get("/status")[0], 404)


if __name__ == "__main__":
    unittest.main()
