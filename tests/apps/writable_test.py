"""The endpoints of writable-test over real HTTP, with the configuration that users start it with.

    writable_test.py SLUICE [unittest's arguments]
"""

import json
import sys
import unittest

from server_process import APPS, Server

SLUICE = sys.argv.pop(1)
MEGABYTE = 1_048_576


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The file as it is, but for the port: another server may have that.
        configuration = json.loads((APPS / "streams-writable.json").read_text())
        configuration["server"]["port"] = 0
        for app in configuration["apps"]:
            app["entry"] = str(APPS / app["entry"])
        cls.server = Server(SLUICE, configuration, "--status", "/status")

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.server.stop() == 0, cls.server.errors()
        finally:
            cls.server.kill()

    def call(self, path, status=200):
        got, headers, body = self.server.get(path)
        self.assertEqual(got, status, body)
        self.assertEqual(headers["content-type"], "application/json")
        return json.loads(body)

    def good(self, path):
        result = self.call(path)
        self.assertIs(result["ok"], True, result)
        return result

    def test_index_lists_every_endpoint_and_each_is_good(self):
        index = self.call("/")
        self.assertEqual((index["app"], index["maxBufferSize"]), ("writable-test", MEGABYTE))
        paths = [endpoint["path"] for endpoint in index["endpoints"]]
        self.assertGreaterEqual(len(paths), 7)
        for path in paths:
            with self.subTest(path):
                self.assertEqual(self.good(path)["endpoint"], path)

    def test_basic_write_reaches_the_sink_and_closes_it_once(self):
        result = self.good("/basic-write")
        self.assertEqual(result["written"], ["hello", " ", "world"])
        self.assertEqual(result["closed"], 1)
        self.assertEqual(result["writes"], [{"state": "fulfilled"}] * 3)
        self.assertEqual(result["writeAfterClose"]["state"], "rejected")
        self.assertIn("TypeError", result["writeAfterClose"]["reason"])

    def test_slow_sink_gets_chunks_one_at_a_time_and_in_order(self):
        result = self.good("/sequential-writes?count=4&delay=1")
        self.assertEqual(result["events"], [f"{word} {i}" for i in range(4) for word in ("begin", "end")])
        self.assertEqual(result["atOnce"], 1)
        self.assertEqual(result["settled"], [0, 1, 2, 3])

    def test_backpressure_makes_the_producer_wait(self):
        result = self.good("/backpressure?count=6&highWaterMark=2")
        self.assertEqual(result["waits"], 4)
        self.assertEqual(result["mostQueued"], 2)
        self.assertEqual(result["desiredSizes"], [2, 1, 1, 1, 1, 1])
        self.assertEqual(result["afterLastWrite"], 0)

    def test_abort_reason_reaches_sink_signal_and_promises(self):
        result = self.good("/abort?reason=no%20more")
        reason = "Error: no more"
        self.assertEqual(result["seen"], {"sink": reason, "signal": reason})
        self.assertEqual(result["queued"], {"state": "rejected", "reason": reason})
        self.assertEqual(result["inFlight"], {"state": "fulfilled"})

    def test_controller_error_fails_what_comes_after_it(self):
        result = self.good("/controller-error")
        failure = {"state": "rejected", "reason": "TypeError: the sink is broken"}
        self.assertEqual((result["after"], result["closed"]), (failure, failure))
        self.assertIsNone(result["desiredSize"])

    def test_locking_lets_one_writer_in_at_a_time(self):
        result = self.good("/locking")
        self.assertEqual(result["locked"], [False, True, False, True])
        self.assertEqual(result["written"], ["first", "second"])
        self.assertIn("TypeError", result["writeAfterRelease"]["reason"])

    def test_write_beyond_the_byte_limit_is_rejected_and_the_stream_goes_on(self):
        for kind in ("string", "bytes", "view"):
            with self.subTest(kind):
                result = self.good(f"/byte-limit?kind={kind}")
                self.assertEqual(result["limit"], MEGABYTE)
                self.assertGreater(3 * result["chunkBytes"], MEGABYTE)
                self.assertLessEqual(2 * result["chunkBytes"], MEGABYTE)
                self.assertIn("RangeError", result["tooMuch"]["reason"])
                self.assertIn(str(MEGABYTE), result["tooMuch"]["reason"])
                self.assertEqual(result["later"], {"state": "fulfilled"})
                self.assertEqual(result["received"], [result["chunkBytes"]] * 3)

    def test_byte_limit_with_an_unknown_kind_says_which_there_are(self):
        self.assertIn("string, bytes, view", self.call("/byte-limit?kind=x", 400)["error"])

    def test_chunk_in_flight_counts(self):
        result = self.good("/byte-limit-in-flight")
        self.assertIn("RangeError", result["whileInFlight"]["reason"])
        self.assertEqual(result["afterwards"], {"state": "fulfilled"})

    def test_other_paths_are_not_found_and_other_methods_not_allowed(self):
        self.assertIn("/nothing-here", self.call("/nothing-here", 404)["error"])
        status, headers, body = self.server.request("POST", "/basic-write", "x")
        self.assertEqual((status, headers["allow"], body), (405, "GET, HEAD", ""))

    def test_head_is_get_without_its_body(self):
        status, headers, body = self.server.request("HEAD", "/locking")
        self.assertEqual((status, body), (200, ""))
        self.assertEqual(int(headers["content-length"]), len(self.server.get("/locking")[2].encode()))

    def test_streams_of_answered_requests_are_collected(self):
        for _ in range(20):
            self.good("/byte-limit?kind=bytes")
        live = self.server.status(collect=True)["writable-test"]["live"]
        self.assertEqual(live, {"streams": 0, "writers": 0, "externalBytes": 0})


if __name__ == "__main__":
    unittest.main()
