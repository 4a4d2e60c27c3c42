"""What users and strangers may send: every refusal is one clear line, and changes nothing."""
import http.client
import json
import os
import signal
import socket
import subprocess
import unittest

from harness import OfACluster, random_file, same, wait_until


class BadPathsGetOneLine(OfACluster):
    datanodes = 2

    def test_and_the_namespace_stays_as_it_was(self):
        c = self.cluster
        random_file(self.path("f"), 1000)
        c.run("put", self.path("f"), "/f")
        c.run("mkdir", "/d")
        before = c.run("ls", "-R", "/").stdout
        missing = "/nope: No such file or directory"
        for command in ("ls", "cat", "rm", "stat", "du", "checksum", "head", "tail", "find"):
            self.fails(missing, command, "/nope")
        self.fails(missing, "get", "/nope", self.path("x"))
        self.fails(missing, "mv", "/nope", "/g")
        self.fails("nope: No such file or directory", "put", self.path("nope"), "/x")
        self.fails("nowhere/x: No such file or directory", "get", "/f", self.path("nowhere/x"))
        self.fails("/f: Not a directory", "put", self.path("f"), "/f/x")
        self.fails("/f: Not a directory", "ls", "/f/x")
        self.fails("/f: Not a directory", "mkdir", "-p", "/f/x/y")
        self.fails("/f: File exists", "mkdir", "/f")
        self.fails("/f: File exists", "put", self.path("f"), "/f")
        self.fails("/d: Is a directory", "cat", "/d")
        self.fails("/f/x: Not a directory", "get", "/f", self.path("f/x"))
        self.fails("The root directory cannot be removed", "rm", "-r", "/")
        self.fails("/a/../b: '.' and '..' are not allowed", "put", self.path("f"), "/a/../b")
        self.fails("f: Not an absolute path", "put", self.path("f"), "f")
        self.fails("File name too long", "put", self.path("f"), "/" + "n" * 300)
        self.fails("/bad\\xff: not valid UTF-8", "put", self.path("f"), "/bad\udcff")
        self.fails("/bad\\xff: not valid UTF-8", "ls", "/bad\udcff")
        self.fails("block size", "put", "-b", "1", self.path("f"), "/x")
        for wrong in (("put",), ("bogus",), ("put", "--bogus", "a", "b"), ("ls", "--retry-limit", "x"),
                      ("put", "-r", "0", self.path("f"), "/x"), ("put", "-b", "1X", "a", "/x")):
            self.fails("", *wrong, code=2)
        self.assertEqual(c.run("ls", "-R", "/").stdout, before)
        self.assertEqual(sorted(os.listdir(c.folder)), ["cluster", "cluster.log", "f"])
        self.all_live()

    def test_a_tree_with_names_that_cannot_be_stored_reports_them_and_goes_on(self):
        c = self.cluster
        tree = os.fsencode(self.path("t"))
        os.makedirs(os.path.join(tree, b"sub"))
        os.makedirs(os.path.join(tree, b"dir\xfe"))
        os.mkfifo(os.path.join(tree, b"pipe"))
        os.symlink("..", os.path.join(tree, b"sub/up"))
        for name in (b"good", b"bad\xff", b"dir\xfe/in", b"sub/good2", b"line\nbreak"):
            with open(os.path.join(tree, name), "wb") as f:
                f.write(name)
        done = c.run("put", self.path("t"), "/t", check=False)
        self.assertEqual(done.returncode, 1)
        errors = sorted(done.stderr.splitlines())
        for error, what in zip(errors, ("bad\\xff: cannot be stored", "dir\\xfe: cannot be stored",
                                        "pipe: not a regular file", "up: leads back to itself")):
            self.assertIn(what, error)
        self.assertEqual(len(errors), 4, done.stderr)
        found = c.run("find", "/t", "--type", "f").stdout.splitlines()
        self.assertEqual(sorted(found), ["/t/good", "/t/line\\x0abreak", "/t/sub/good2"])
        c.run("get", "/t", self.path("back"))
        with open(self.path("back/line\nbreak"), "rb") as f:
            self.assertEqual(f.read(), b"line\nbreak")


class BadRequestsAreRefused(OfACluster):
    datanodes = 2

    def ask(self, port, data):
        """Sends raw bytes: (status, body as JSON)."""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before it had all been sent
            answer = b""
            while piece := s.recv(65536):
                answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)

    def refused(self, status, port, data, what=""):
        got, body = self.ask(port, data)
        self.assertEqual(got, status, (data[:80], body))
        self.assertIn(what, body["error"]["message"])
        self.assertNotIn("\n", body["error"]["message"])

    def test_with_a_status_and_a_reason_and_the_servers_go_on(self):
        c = self.cluster
        random_file(self.path("f"), 100000)
        c.run("put", self.path("f"), "/f")
        files = [c.replica_files(n) for n in c.names()[1:]]
        get = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
        put = b"PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n%s\r\nabcd"
        for port in (c.port, c.port + 1):
            self.refused(400, port, b"\x16\x03\x01garbage\r\n\r\n")
            self.refused(431, port, get % (b"/" + b"a" * 100000), "too long")
            self.refused(400, port, b"GET / HTTP/1.1\r\nX: " + b"a" * 200000 + b"\r\n\r\n")
            self.refused(400, port, b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "Content-Length")
            self.refused(404, port, get % b"/../../etc/passwd", "no such resource")
            self.refused(405, port, b"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.refused(400, port, get % b"/healthz?verbose=1", "unknown parameter 'verbose'")
        call = b"POST /api/v1/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
        for status, method, body, what in (
                (404, b"bogus", b"{}", "unknown method 'bogus'"),
                (400, b"stat", b'{"path":"/f","bogus":1}', "unknown field 'bogus'"),
                (400, b"stat?x=1", b'{"path":"/f"}', "unknown parameter 'x'"),
                (400, b"stat", b"path=/f", "malformed JSON"),
                (400, b"stat", b"[" * 100000, "too deep"),
                (400, b"stat", b'{"path":5}', "must be a string"),
                (400, b"stat", b'{"path":"/f\\u0000x"}', "NUL"),
                (400, b"stat", b'{"path":"/f\xff"}', "malformed JSON"),
                (400, b"stat", b'{"path":"/a/../f"}', "not allowed"),
                (400, b"stat", b'{"path":"/%s"}' % (b"n" * 300), "too long"),
                (400, b"list", b'{"path":"/","limit":-1}', "limit"),
                (400, b"mkdir", b'{"path":"/unnumbered"}', "client"),
                (413, b"stat", b"x" * (9 << 20), "larger than")):
            self.refused(status, c.port, call % (method, len(body), body), what)
        for port in (c.port, c.port + 1):
            self.refused(403, port, b"POST /api/v1/mkdir HTTP/1.1\r\nHost: localhost:8000\r\n"
                         b"Origin: http://page.example\r\nContent-Length: 2\r\n\r\n{}", "another site")
        for block in (b"../../etc/passwd", b"..%2f..%2fetc%2fpasswd", b"1%00", b"abc", b"-1", b"0",
                      b"99999999999999999999999", b"18446744073709551615", b"1/../../x"):
            self.refused(400, c.port + 1, get % (b"/blocks/v1/" + block), "not a block id")
            self.refused(400, c.port + 1, put % (b"/blocks/v1/" + block, b""), "not a block id")
        self.refused(400, c.port + 1, put % (b"/blocks/v1/77", b""), "X-Dfs-Write")
        self.refused(400, c.port + 1, put % (b"/blocks/v1/77", b'X-Dfs-Write: {"bogus":1}\r\n'),
                     "unknown field")
        self.assertEqual([c.replica_files(n) for n in c.names()[1:]], files)
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))
        self.all_live()


def ask(port, method, path, body, headers={}):
    """(status, body as JSON) of one request."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    server.request(method, path, body, headers)
    answer = server.getresponse()
    told = json.loads(answer.read())
    server.close()
    return answer.status, told


def send_block(cluster, block, data):
    """The answer of the first DataNode to a transfer of the block with these bytes."""
    header = {"cluster": cluster.report()["cluster"], "block": block, "length": len(data),
              "inode": 1, "index": 0, "path_hint": "/late", "targets": [], "node": 0}
    return ask(cluster.port + 1, "PUT", f"/blocks/v1/{block}", data,
               {"X-Dfs-Write": json.dumps(header)})


class AHistoryThatNeverWasIsNotBelieved(OfACluster):
    datanodes = 2

    def test_for_a_block_or_a_mark_or_a_checkpoint_of_it(self):
        c = self.cluster
        report = c.report()
        cluster, epoch = report["cluster"], report["history"]["epoch"]
        most = 0x7fffff
        for block, status, code in ((2**64 - 1, 400, "InvalidArgument"),
                                    (((most + 1) << 40) + 1, 400, "InvalidArgument"),
                                    ((most << 40) + 1, 503, "Unavailable"),
                                    (((epoch + 1) << 40) + 1, 503, "Unavailable")):
            got, told = send_block(c, block, b"x")
            self.assertEqual((got, told["error"]["code"]), (status, code), (block, told))
        register = {"cluster": cluster, "uuid": "a" * 32, "incarnation": "b" * 32,
                    "client_address": "x:1", "peer_address": "x:1", "rack": "/r", "host": "x"}
        for seen in ({"epoch": 2**64 - 1, "applied": 0, "block": 0},
                     {"epoch": most + 1, "applied": 0, "block": 0},
                     {"epoch": most, "applied": 0, "block": 0},
                     {"epoch": epoch, "applied": 0, "block": 2**64 - 1}):
            got, told = ask(c.port, "POST", "/api/v1/datanode/register",
                            json.dumps({**register, "seen": seen}))
            self.assertEqual((got, told["error"]["code"]), (400, "InvalidArgument"), told)
        for ahead in (epoch + 1, most, 2**64 - 1):
            header = {"cluster": cluster, "epoch": ahead, "applied": 1, "length": 1, "crc": 0, "time": 1}
            got, told = ask(c.port + 1, "PUT", f"/metadata/v1/checkpoint/{cluster}/{ahead}-1", b"x",
                            {"X-Dfs-Checkpoint": json.dumps(header)})
            self.assertEqual((got, told["error"]["code"]), (503, "Unavailable"), told)
        # What the DataNodes have heard of is in the heartbeats that tell of this file's replicas.
        random_file(self.path("f"), 1000)
        c.run("put", self.path("f"), "/f")
        wait_until("both have told of their replica", lambda: all(
            n["stats"]["replicas"] == 1 for n in c.report()["nodes"]), 30)
        self.assertFalse(c.report()["read_only"])
        c.run("put", self.path("f"), "/g")
        self.all_live()


class AReplicaIsNotReplaced(OfACluster):
    datanodes = 2

    def test_by_a_transfer_of_other_content(self):
        c = self.cluster
        random_file(self.path("f"), 100000)
        c.run("put", self.path("f"), "/f")
        files = c.replica_files("datanode-1")
        block = int(os.path.basename(files[0][0]).removeprefix("blk_"), 16)
        with open(self.path("f"), "rb") as file:
            data = file.read()
        for other in (b"x" * len(data), data[:-1], b""):
            status, told = send_block(c, block, other)
            self.assertEqual(status, 409, told)
            self.assertEqual(told["error"]["code"], "AlreadyExists")
            self.assertIn("a replica with other content is here", told["error"]["message"])
        status, told = send_block(c, block, data)
        self.assertEqual((status, told["replica"]["length"]), (200, len(data)))
        self.assertEqual(c.replica_files("datanode-1"), files)
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))
        self.all_live()


class AnUnfinishedWriteIsNoFile(OfACluster):
    datanodes = 2

    def call(self, method, request, **fields):
        caller = {"client": "ab" * 16, "request": request, "settled_below": request, "age_ms": 0,
                  "user": "me"}
        server = http.client.HTTPConnection("127.0.0.1", self.cluster.port, timeout=30)
        server.request("POST", "/api/v1/" + method, json.dumps({**fields, "caller": caller}))
        answer = json.loads(server.getresponse().read())
        server.close()
        return answer

    def test_when_a_block_is_cut_short(self):
        c = self.cluster
        file = self.call("create", 1, path="/cut", blocks=1)
        block, targets = file["blocks"][0]["block"], file["blocks"][0]["targets"]
        header = {"cluster": c.report()["cluster"], "block": block, "length": 1000000,
                  "inode": file["inode"], "index": 0, "path_hint": "/cut", "targets": targets[1:],
                  "node": targets[0]["node"]}
        host, port = targets[0]["client"].split(":")
        with socket.create_connection((host, int(port)), timeout=30) as s:
            s.sendall((f"PUT /blocks/v1/{block} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                       f"X-Dfs-Write: {json.dumps(header)}\r\n\r\n").encode() + b"y" * 500000)
            s.shutdown(socket.SHUT_WR)
            self.assertIn(b" 503 ", s.recv(65536).split(b"\r\n")[0] + b" ")
        self.assertEqual([c.replica_files(n) for n in c.names()[1:]], [[], []])
        for name in c.names()[1:]:
            wait_until("no temporary file is left", lambda n=name: not os.listdir(
                os.path.join(c.dir, n, "tmp")), 30)
        self.fails("/cut: Is being written", "cat", "/cut")

    def test_when_its_client_is_interrupted_or_killed(self):
        c = self.cluster
        random_file(self.path("old"), 1000)
        c.run("put", self.path("old"), "/old")
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for target in ("/new", "/old"):
                put = subprocess.Popen(c.command("put", "-f", "-", target), stdin=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
                put.stdin.write("x" * (1 << 20))
                put.stdin.flush()
                wait_until("it is writing", lambda: json.loads(
                    c.run("admin", "report", "--json").stdout)["pending_files"] > 0, 30)
                put.send_signal(how)
                put.wait(30)
                errors = put.stderr.read()
                put.stdin.close()
                put.stderr.close()
                if how != signal.SIGKILL:  # otherwise the lease ends a minute later
                    self.assertEqual((put.returncode, errors), (1, "dfs: put: interrupted\n"))
                    self.fails("/new: No such file", "ls", "/new")
        self.fails("/new: Is being written", "cat", "/new")
        c.run("get", "/old", self.path("back"))
        self.assertTrue(same(self.path("old"), self.path("back")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
