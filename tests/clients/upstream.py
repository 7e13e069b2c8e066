"""A scripted model server for the client tests. Everything it answers is simulated: no model is behind it.

The request's `model` chooses the behaviour; what stands behind a colon is an argument of the behaviour, or only tells
two models apart (`slow-stream:600`, `echo:coder`). `GET /log` tells of every call: its path, credential and body, and
how it ended (null: it has not; `finished`; `cut`: by this server; `client_closed`: by the other side, before the
answer was finished). `POST /reset` forgets the calls.

    upstream.py --port 0    prints the port it listens on
"""

import argparse
import base64
import collections
import json
import select
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The tokens of every answer.
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
}
# What no client library knows and a gateway must not lose.
UNKNOWN = {"vendor_note": {"region": "nowhere", "odd": [1, 2.5, None]}}
EMBEDDING = [0.25, -0.5, 1.0]
# Between the events of a slow stream, seconds.
PACE = 0.05
# How long a silent model holds out, seconds.
SILENCE = 30


class Log:
    """The calls since the last reset."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.calls = []
            self.counts = collections.Counter()
            self.barriers = {}

    def add(self, call):
        """Adds a call; how many of its model there have been, this one included."""
        with self.lock:
            self.calls.append(call)
            self.counts[call["model"]] += 1
            return self.counts[call["model"]]

    def barrier(self, parties):
        with self.lock:
            return self.barriers.setdefault(parties, threading.Barrier(parties))

    def as_json(self):
        with self.lock:
            return json.dumps({"calls": self.calls})


def text_of(message):
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def error(message, **more):
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None, **more}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/log":
            self.send_json(200, self.server.log.as_json())
        else:
            self.send_json(404, json.dumps(error("there is nothing here")))

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/reset":
            self.server.log.reset()
            self.send_json(200, "{}")
            return
        self.body = json.loads(raw)
        model, _, self.argument = self.body["model"].partition(":")
        self.call = {
            "path": self.path,
            "model": self.body["model"],
            "authorization": self.headers.get("authorization"),
            "body": self.body,
            "ended": None,
        }
        self.nth = self.server.log.add(self.call)
        try:
            BEHAVIOURS[model](self)
        except (BrokenPipeError, ConnectionResetError):
            self.leave("client_closed")

    # Ways to answer.

    def answer(self, status, body, headers=()):
        self.send_json(status, body if isinstance(body, str) else json.dumps(body), headers)
        self.call["ended"] = "finished"

    def send_json(self, status, text, headers=()):
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def event(self, data):
        event = f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    def end_stream(self):
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")
        self.call["ended"] = "finished"

    def leave(self, how):
        self.call["ended"] = how
        self.close_connection = True

    def closed_within(self, seconds):
        """Whether the other side closes the connection within so many seconds."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    # What completions look like.

    def streams(self):
        return self.body.get("stream", False)

    def wants_usage(self):
        return (self.body.get("stream_options") or {}).get("include_usage", False)

    def chunk(self, choices, **more):
        chunk = {"id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 1700000000}
        if self.wants_usage():
            chunk["usage"] = None
        return {**chunk, "model": "vendor-model", "choices": choices, **more}

    def delta(self, delta, finish=None, **more):
        return self.chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **more)

    def complete(self, message, pieces, finish="stop", usage=USAGE):
        """Answers with a message: whole, or in pieces of it."""
        if not self.streams():
            choice = {"index": 0, "message": {"role": "assistant", "refusal": None, **message}, "logprobs": None}
            answer = {"id": "chatcmpl-simulated", "object": "chat.completion", "created": 1700000000}
            answer |= {"model": "vendor-model", "choices": [{**choice, "finish_reason": finish}], **UNKNOWN}
            self.answer(200, answer | ({"usage": usage} if usage else {}))
            return
        self.begin_stream()
        self.event(self.delta({"role": "assistant", "content": ""}))
        for piece in pieces:
            self.event(self.delta(piece, **UNKNOWN))
        self.event(self.delta({}, finish))
        if usage and self.wants_usage():
            self.event(self.chunk([], usage=usage))
        self.end_stream()

    def say(self, text, **more):
        pieces = [{"content": piece} for piece in text.replace(" ", " \0").split("\0")]
        self.complete({"content": text}, pieces, **more)


# Behaviours.


def echo(call):
    """Says what the last message said."""
    call.say("you said: " + text_of(call.body["messages"][-1]))


def no_usage(call):
    """Never tells tokens, whether asked or not."""
    call.say("tokens are not told", usage=None)


def tools(call):
    """Calls two tools at once; once their results are there, answers from them."""
    results = [message for message in call.body["messages"] if message["role"] == "tool"]
    if results:
        call.say("; ".join(f"{result['tool_call_id']} is {text_of(result)}" for result in results))
        return
    cities = ["Oslo", "Lima"]
    whole = [
        {"id": f"call_{city}", "type": "function"}
        | {"function": {"name": "temperature", "arguments": json.dumps({"city": city})}}
        for city in cities
    ]
    pieces = []
    for index, tool in enumerate(whole):
        arguments = tool["function"]["arguments"]
        begun = {**tool, "index": index, "function": {"name": "temperature", "arguments": ""}}
        pieces.append({"tool_calls": [begun]})
        for part in (arguments[:5], arguments[5:]):
            pieces.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    call.complete({"content": None, "tool_calls": whole}, pieces, finish="tool_calls")


def vision(call):
    """Says how long the address of the image is, where there is one."""
    content = call.body["messages"][-1]["content"]
    images = [part["image_url"]["url"] for part in content if isinstance(part, dict) and part["type"] == "image_url"]
    if images:
        call.say(f"an image of {len(images[0])} characters")
    else:
        echo(call)


def schema(call):
    """Answers by the schema of the tests, where one is asked for."""
    if "response_format" in call.body:
        call.say(json.dumps({"city": "Oslo", "degrees": 21}))
    else:
        echo(call)


def flaky_503_once(call):
    if call.nth == 1:
        call.answer(503, error("try again"))
    else:
        echo(call)


def always_500(call):
    call.answer(500, error("a detail that is nobody's business"))


def garbage(call):
    call.answer(200, "<html>it works!</html>")


def refuse_400(call):
    refusal = {"type": "invalid_request_error", "param": "messages", "code": "content_policy_violation"}
    call.answer(400, error("this is against the policy", **refusal, vendor_detail=["kept"]))


def refuse_401(call):
    call.answer(401, error("a detail that is nobody's business", code="invalid_api_key"))


def limited_429_once(call):
    if call.nth == 1:
        call.answer(429, error("slow down"), [("retry-after", "0.2")])
    else:
        echo(call)


def limited_429(call):
    call.answer(429, error("slow down"), [("retry-after", "60")])


def silent(call):
    """Says nothing at all."""
    call.leave("client_closed" if call.closed_within(SILENCE) else "cut")


def error_first(call):
    """Begins a stream with an error instead of an answer."""
    call.begin_stream()
    call.event(error("overloaded", code=503))
    call.end_stream()


def slow_stream(call):
    """Counts to its argument, a number an event."""
    call.begin_stream()
    call.event(call.delta({"role": "assistant", "content": ""}))
    for number in range(int(call.argument)):
        call.event(call.delta({"content": f"{number} "}))
        if call.closed_within(PACE):
            call.leave("client_closed")
            return
    call.event(call.delta({}, "stop"))
    call.end_stream()


def half_a_stream(call):
    call.begin_stream()
    for delta in ({"role": "assistant", "content": ""}, {"content": "the first "}, {"content": "half"}):
        call.event(call.delta(delta))


def cut_stream(call):
    """Breaks the connection in the middle of the answer."""
    half_a_stream(call)
    call.leave("cut")


def stuck_stream(call):
    """Says nothing more from the middle of the answer on."""
    half_a_stream(call)
    call.leave("client_closed" if call.closed_within(SILENCE) else "cut")


def together(call):
    """Answers only when so many calls are here at the same time as its argument says."""
    try:
        call.server.log.barrier(int(call.argument)).wait(timeout=10)
    except threading.BrokenBarrierError:
        call.answer(400, error("the calls did not come together"))
        return
    echo(call)


def embed(call):
    """Gives each input the same embedding, in the encoding that is asked for."""
    inputs = call.body["input"]
    count = len(inputs) if isinstance(inputs, list) else 1
    packed = base64.b64encode(struct.pack(f"<{len(EMBEDDING)}f", *EMBEDDING)).decode()
    embedding = packed if call.body.get("encoding_format") == "base64" else EMBEDDING
    data = [{"object": "embedding", "index": index, "embedding": embedding} for index in range(count)]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    call.answer(200, {"object": "list", "model": "vendor-embedder", "data": data, "usage": usage, **UNKNOWN})


def legacy(call):
    """Completes a prompt, as models did before they chatted."""
    text = f"{call.body['prompt']}, there was a gateway."
    answer = {"id": "cmpl-simulated", "object": "text_completion", "created": 1700000000, "model": "vendor-model"}
    if not call.streams():
        choices = [{"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}]
        call.answer(200, {**answer, "choices": choices, "usage": USAGE, **UNKNOWN})
        return
    call.begin_stream()
    for piece, finish in ((text[:9], None), (text[9:], None), ("", "stop")):
        choices = [{"index": 0, "text": piece, "logprobs": None, "finish_reason": finish}]
        call.event({**answer, "choices": choices})
    if call.wants_usage():
        call.event({**answer, "choices": [], "usage": USAGE})
    call.end_stream()


BEHAVIOURS = {
    function.__name__.replace("_", "-"): function
    for function in (
        echo,
        no_usage,
        tools,
        vision,
        schema,
        flaky_503_once,
        always_500,
        garbage,
        refuse_400,
        refuse_401,
        limited_429_once,
        limited_429,
        silent,
        error_first,
        slow_stream,
        cut_stream,
        stuck_stream,
        together,
        embed,
        legacy,
    )
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.log = Log()


def main():
    arguments = argparse.ArgumentParser(description="A scripted model server; everything it answers is simulated.")
    arguments.add_argument("--port", type=int, default=0, help="0 takes a free one")
    server = Server(arguments.parse_args().port)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
