"""Servers that are not what they should be; tests/comfyui/test_unroll_command.py has a real one."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared_world.data_engine.job import Job, unroll_on
from shared_world.data_engine.server import Server

JOB = Job({"place/ride.mp4": b"video"}, {"1": {"class_type": "Any", "inputs": {}}}, "1")


@pytest.fixture
def other_program():
    """Something else that speaks HTTP, the status with which it takes files, and what it says of itself."""
    says = {"status": 200, "features": b"{}"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(says["features"])

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(says["status"])
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Server(f"http://127.0.0.1:{server.server_port}"), says
        server.shutdown()
        thread.join()


def test_a_server_that_is_no_comfyui_is_not_asked_again(other_program):
    server, says = other_program
    for answer in ({"status": 200}, {"status": 404}, {"status": 500}, {"features": b"<html>"}):
        says |= answer
        outcome = unroll_on(server, JOB, time.sleep)
        assert outcome.blame == "server"
        assert server.url in outcome.problem
        assert not outcome.files


@pytest.mark.parametrize("answer", [{"status": 413}, {"features": b'{"max_upload_size": 3}'}])
def test_a_video_that_is_too_large_for_the_server_fails_alone(other_program, answer):
    server, says = other_program
    says |= answer
    outcome = unroll_on(server, JOB, time.sleep)
    assert outcome.blame == "video"
    assert "start ComfyUI with a larger --max-upload-size" in outcome.problem


def test_a_server_that_is_not_there_is_named():
    outcome = unroll_on(Server("http://127.0.0.1:9"), JOB, time.sleep)
    assert (outcome.blame, outcome.problem[:34]) == ("server", "http://127.0.0.1:9 does not answer")
