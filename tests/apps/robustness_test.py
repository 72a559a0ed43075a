"""Apps that misbehave, clients that go away, and the end of the server. Nobody else may notice.

    robustness_test.py SLUICE [unittest's arguments]
"""

import signal
import socket
import struct
import sys
import threading
import unittest

from server_process import ROBUSTNESS, Background, Server

SLUICE = sys.argv.pop(1)
LIMIT_MS = 1000


def app(name, **options):
    return {"name": name, "entry": str(ROBUSTNESS), "path_prefix": f"/{name}", **options}


class Robustness(unittest.TestCase):
    """App one misbehaves; app two is to notice nothing."""

    def serve(self, threads=2, **options):
        apps = [app("one", **{"time_limit_ms": LIMIT_MS, **options}), app("two", time_limit_ms=60_000)]
        server = Server(SLUICE, {"server": {"threads": threads}, "apps": apps}, "--status", "/status")
        self.addCleanup(server.kill)
        return server

    def assert_good(self, server):
        self.assertEqual(server.get("/one/hello")[2], "hello")
        self.assertEqual(server.get("/two/hello")[2], "hello")
        self.assertEqual(server.stop(), 0, server.errors())

    def test_error_is_500_and_only_the_log_has_the_stack(self):
        server = self.serve()
        for path, words in [("throw", "Error: thrown on purpose"), ("reject", "TypeError: rejected on purpose"),
                            ("no-response", "TypeError: "), ("nothing", "TypeError: "), ("recurse", "RangeError: ")]:
            with self.subTest(path):
                status, headers, body = server.get(f"/one/{path}")
                self.assertEqual((status, body), (500, "500 Internal Server Error\n"))
                self.assertEqual(headers["content-type"], "text/plain;charset=UTF-8")
                self.assertIn(f"/one/{path}: {words}", server.await_logged(f"/one/{path}: {words}"))
        self.assertIn("app 'one': file://", server.errors())
        self.assertIn("app.mjs:", server.errors())
        self.assert_good(server)

    def test_response_can_be_sent_once(self):
        server = self.serve()
        self.assertEqual([server.get("/one/used-response")[0] for _ in range(2)], [200, 500])
        self.assert_good(server)

    def test_what_nobody_handles_is_logged_and_ends_nothing(self):
        server = self.serve()
        self.assertEqual(server.get("/one/unhandled")[2], "rejected beside")
        self.assertEqual(server.get("/one/later-error")[2], "throws later")
        self.assertEqual(server.get("/one/slow?ms=5")[0], 200)  # its timer comes after theirs
        self.assertIn("nobody handles this", server.await_logged("nobody handles this"))
        self.assertIn("nobody catches this", server.await_logged("nobody catches this"))
        self.assertEqual(server.status()["one"]["restarts"], 0)
        self.assert_good(server)

    def test_promise_that_never_settles_is_504_at_the_time_limit(self):
        server = self.serve()
        calls = [Background(server.get, "/one/never") for _ in range(20)]
        for call in calls:
            status, _, body = call.result()
            self.assertEqual((status, body.splitlines()[0]), (504, "504 Gateway Timeout"))
        self.assertEqual(server.status()["one"]["inFlight"], 0)
        self.assert_good(server)

    def test_connection_is_kept_after_a_timeout(self):
        server = self.serve()
        connection = server.connection()
        self.addCleanup(connection.close)
        for path, status in [("/one/never", 504), ("/one/hello", 200)]:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, status)
        self.assert_good(server)

    def test_signal_of_a_request_that_took_too_long_is_aborted(self):
        server = self.serve()
        self.assertEqual(server.get("/one/never-aware")[0], 504)
        aborted = []
        while not aborted:
            aborted = server.json("/one/aborted")
        self.assertEqual(aborted, ["TimeoutError: The request took longer than the app's time limit"])
        self.assert_good(server)

    def test_endless_loop_is_ended_and_the_app_goes_on_as_it_was(self):
        for path in ("loop", "loop-later", "loop-in-microtask", "loop-in-sink"):
            with self.subTest(path):
                server = self.serve()
                self.assertEqual(server.get("/one/used-response")[0], 200)
                call = Background(server.get, f"/one/{path}")
                self.assertEqual(server.get("/two/slow?ms=30")[2], "slow")  # while it loops
                self.assertEqual(call.result()[0], 504)
                self.assertIn("was ended", self.until_logged(server, "was ended"))
                self.assertEqual(server.get("/one/used-response")[0], 500)  # the module is the same one
                self.assertEqual(server.status()["one"]["restarts"], 0)
                self.assert_good(server)

    def until_logged(self, server, words):
        server.get("/one/hello")  # the app's thread is free again when this is answered
        self.assertIn(words, server.await_logged(words))
        return server.errors()

    def test_request_that_waits_behind_a_loop_is_answered_when_that_is_ended(self):
        server = self.serve(time_limit_ms=3_000)
        loop = Background(server.get, "/one/loop")
        server.get("/two/slow?ms=2000")  # so that the next one's time is over later than the loop's
        self.assertEqual(server.get("/one/hello")[2], "hello")
        self.assertEqual(loop.result()[0], 504)
        self.assert_good(server)

    def test_exhausted_heap_is_503_and_the_app_begins_afresh(self):
        server = self.serve(memory_limit_mb=32, time_limit_ms=60_000)
        for restarts, path in enumerate(("heap-objects", "heap-array", "heap-string", "heap-map", "heap-later"), 1):
            with self.subTest(path):
                self.assertEqual(server.get("/one/used-response")[0], 200)
                other = Background(server.get, "/one/never")  # in flight beside it
                server.wait_for(lambda status: status["one"]["inFlight"] == 1)
                two = Background(server.get, "/two/slow?ms=200")
                self.assertEqual(server.get(f"/one/{path}")[0], 503)
                self.assertEqual(other.result()[0], 503)
                self.assertEqual(two.result()[2], "slow")
                self.assertEqual(server.get("/one/hello")[2], "hello")
                status = server.status()
                self.assertEqual((status["one"]["restarts"], status["two"]["restarts"]), (restarts, 0))
        self.assertIn("its memory limit of 32 MB is exhausted", server.await_logged("its memory limit of 32 MB is exhausted"))
        self.assert_good(server)

    def test_buffers_have_the_memory_limit_too(self):
        server = self.serve(memory_limit_mb=32, time_limit_ms=60_000)
        self.assertEqual(server.get("/one/buffers")[2], "RangeError after 3")
        self.assertEqual(server.get("/one/buffers")[2], "RangeError after 3")  # they have been collected
        for _ in range(2):
            self.assertEqual(server.get("/one/encoded")[2], "RangeError after 3")
            self.assertEqual(server.get("/one/bodies")[2], "RangeError after 3")
        self.assert_good(server)

    def test_app_that_ends_itself_begins_afresh(self):
        # Under a sanitizer a process may take longer to end than the usual limit.
        server = self.serve(time_limit_ms=60_000)
        self.assertEqual(server.get("/one/exit")[0], 503)
        self.assertEqual(server.get("/one/hello")[2], "hello")
        self.assertEqual(server.status()["one"]["restarts"], 1)
        self.assert_good(server)

    def test_writes_left_pending_are_collected(self):
        server = self.serve()
        for _ in range(50):
            self.assertEqual(server.get("/one/pending-writes")[0], 200)
        self.assertEqual(server.status(collect=True)["one"]["live"], {"streams": 0, "writers": 0, "externalBytes": 0})
        self.assert_good(server)

    def test_requests_that_timed_out_leave_nothing_alive(self):
        server = self.serve()
        calls = [Background(server.get, path) for path in ["/one/never-writing", "/one/never-aware"] * 10]
        self.assertEqual([call.result()[0] for call in calls], [504] * 20)
        status = server.status(collect=True)["one"]
        self.assertEqual((status["inFlight"], status["live"]["streams"]), (0, 0))
        self.assert_good(server)

    # ---- Clients

    def test_client_that_goes_away_aborts_its_requests_signal(self):
        server = self.serve(time_limit_ms=60_000)
        for reset in (False, True):
            with self.subTest(reset=reset):
                client = server.socket()
                client.sendall(b"GET /one/never-aware HTTP/1.1\r\nHost: x\r\n\r\n")
                server.wait_for(lambda status: status["one"]["inFlight"] == 1)
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                server.wait_for(lambda status: status["one"]["inFlight"] == 0)
                aborted = server.json("/one/aborted")
                self.assertEqual(len(aborted), 1)
                self.assertTrue(aborted[0].startswith("AbortError"), aborted)
        self.assertEqual(server.errors(), "")
        self.assert_good(server)

    def test_clients_killed_in_the_middle_of_a_response(self):
        server = self.serve(time_limit_ms=60_000)
        for i in range(50):
            client = server.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /one/big?kb=2048 HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200 OK"))
            if i % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.assertEqual(len(server.get("/one/big?kb=2048")[2]), 2_097_152)
        self.assertEqual(server.status(collect=True)["one"]["inFlight"], 0)
        self.assertEqual(server.errors(), "")
        self.assert_good(server)

    def test_clients_that_send_half_a_request_and_go(self):
        server = self.serve()
        for data in (b"G", b"GET /one/hello HTTP/1.1\r\nHost", b"POST /one/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"):
            for _ in range(20):
                self.assertEqual(server.raw(data, half_close=True), b"")
        self.assert_good(server)

    # ---- The end

    def test_sigterm_lets_requests_in_flight_finish(self):
        server = self.serve(time_limit_ms=60_000)
        idle = server.socket()
        self.addCleanup(idle.close)
        idle.sendall(b"GET /one/hello HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"hello", idle.recv(4096))
        calls = [Background(server.get, f"/{name}/slow?ms=2000") for name in ("one", "two") for _ in range(5)]
        server.wait_for(lambda status: status["one"]["inFlight"] == status["two"]["inFlight"] == 5)
        server.signal(signal.SIGTERM)
        for call in calls:
            status, headers, body = call.result()
            self.assertEqual((status, body, headers["connection"]), (200, "slow", "close"))
        self.assertEqual(server.wait(), 0)
        self.assertEqual(idle.recv(1), b"")
        self.assertRaises(ConnectionRefusedError, server.socket)
        self.assertEqual(server.errors(), "")

    def test_sigint_ends_as_sigterm_does(self):
        server = self.serve()
        server.signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)

    def test_drain_ends_at_the_time_limit_whatever_the_app_does(self):
        server = self.serve(threads=1)
        clients = []
        for path in ("never", "loop"):
            client = server.socket()
            self.addCleanup(client.close)
            client.sendall(f"GET /one/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            clients.append(client)
        server.get("/two/hello")  # one thread takes connections in their order: it has taken those two
        server.signal(signal.SIGTERM)
        for client in clients:
            answer = b""
            while more := client.recv(4096):
                answer += more
            self.assertTrue(answer.startswith(b"HTTP/1.1 504 "), answer)
        self.assertEqual(server.wait(), 0)

    def test_second_signal_ends_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            server = self.serve(time_limit_ms=60_000)
            call = Background(server.get, "/one/never")
            server.wait_for(lambda status: status["one"]["inFlight"] == 1)
            server.signal(number)
            while True:  # until it has stopped listening: two signals that wait are one
                try:
                    server.socket().close()
                except ConnectionError:  # refused; or reset, if it stopped between the two halves of the handshake
                    break
            server.signal(number)
            self.assertEqual(server.wait(), 128 + number)
            self.assertRaises(Exception, call.result)

    def test_sigterm_while_an_app_loads(self):
        server = self.serve()
        self.assertEqual(server.stop(), 0)

    def test_sigterm_under_load_loses_no_request(self):
        server = self.serve(time_limit_ms=60_000)
        answered = [0] * 8
        lost = []

        def ask(index):
            with server.socket() as client:
                while True:
                    answer = self.ask_once(client, b"GET /one/hello HTTP/1.1\r\nHost: x\r\n\r\n")
                    if answer == b"":
                        return  # closed before it was asked: the server waits 200 ms, and this machine may be busier
                    head, end, body = answer.partition(b"\r\n\r\n")
                    if not head.startswith(b"HTTP/1.1 200 ") or not end or body != b"hello":
                        return lost.append(answer)
                    answered[index] += 1
                    if b"\r\nconnection: close" in head:
                        return None if client.recv(1) == b"" else lost.append("more after the last response")

        clients = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(len(answered))]
        for client in clients:
            client.start()
        while min(answered) < 20 and not lost:
            server.get("/two/hello")
        server.signal(signal.SIGTERM)
        for client in clients:
            client.join()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(lost, [])

    @staticmethod
    def ask_once(client, request):
        """The response, or as much of it as came; its body is `hello`. Empty if the connection was closed while it was
        idle: https://www.rfc-editor.org/rfc/rfc9112#section-9.6"""
        answer = b""
        try:
            client.sendall(request)
            while not answer.endswith(b"\r\n\r\nhello") and (more := client.recv(65536)):
                answer += more
        except ConnectionError:
            pass  # a response that had begun is cut off, which its length shows
        return answer


if __name__ == "__main__":
    unittest.main()
