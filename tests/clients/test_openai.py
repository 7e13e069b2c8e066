"""What a program gets that uses the official `openai` package with the gateway's address as its base URL."""

import asyncio
import json

import openai
import pydantic
import pytest

from conftest import DEADLINE, wait_for

UNKNOWN = {"region": "nowhere", "odd": [1, 2.5, None]}
PIXEL = "data:image/png;base64,iVBORw0KGgo"
TEMPERATURE = {
    "type": "function",
    "function": {
        "name": "temperature",
        "description": "The temperature of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def says(content):
    return [{"role": "user", "content": content}]


def shows(url):
    image = {"type": "image_url", "image_url": {"url": url}}
    return says([{"type": "text", "text": "What is on this picture?"}, image])


def ask(client, model, messages=None, **more):
    """A chat completion with its HTTP response."""
    return client.chat.completions.with_raw_response.create(model=model, messages=messages or says("hello"), **more)


def headers(response):
    """What the gateway's headers say."""
    names = ("route", "category", "confidence", "decided-by", "model", "attempts", "decision-us", "overhead-us")
    return {name: response.headers.get(f"x-frontdesk-{name}") for name in (*names, "cost-usd")}


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


# Answers.


def test_a_chat_is_routed_answered_and_recorded(gateway, client, upstream):
    response = ask(client, "auto", says("hello, how are you?"))
    completion = response.parse()
    assert completion.choices[0].message.content == "you said: hello, how are you?"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "vendor-model", "the body's model stays what the upstream said"
    assert completion.usage.total_tokens == 15
    said = headers(response)
    assert (said["route"], said["category"], said["decided-by"]) == ("simple", "simple", "embedded")
    assert (said["model"], said["attempts"], said["cost-usd"]) == ("small", "1", "0.000018000")
    assert 0.55 <= float(said["confidence"]) <= 1
    assert int(said["decision-us"]) > 0 and int(said["overhead-us"]) > 0
    [call] = upstream.calls()
    assert call["body"] == {"model": "echo:small", "messages": says("hello, how are you?")}
    assert call["authorization"] == "Bearer the-gateways-own", "the client's credential is not the provider's"
    row = gateway.row()
    assert row["id"] == completion._request_id == response.headers["x-request-id"]
    assert (row["router"], row["category"], row["model"], row["status"], row["error"]) == (
        ("auto", "simple", "small", 200, None)
    )
    assert (row["tokens"], row["input_tokens"], row["cached_tokens"], row["output_tokens"]) == ("measured", 10, 4, 5)
    assert (row["cost_nano_usd"], row["baseline_cost_nano_usd"]) == (18_000, 50_000)


@pytest.mark.parametrize(
    ("content", "route", "model"),
    [
        ("Write a Python function that reverses a linked list and unit tests for it.", "code", "coder"),
        ("Prove that the square root of 2 is irrational, step by step.", "reasoning", "thinker"),
    ],
)
def test_what_is_asked_decides_who_answers(client, content, route, model):
    said = headers(ask(client, "auto", says(content)))
    assert (said["route"], said["decided-by"], said["model"]) == (route, "embedded", model)


@pytest.mark.parametrize(
    ("model", "more", "route", "by", "answered"),
    [
        ("auto", {"extra_headers": {"x-frontdesk-category": "code"}}, "code", "hint", "coder"),
        ("small", {}, "override", "override", "small"),
        ("echo:coder", {}, "override", "override", "coder"),
        ("simulated/thinker", {}, "override", "override", "thinker"),
        ("auto", {"extra_body": {"models": ["coder", "small"]}}, "override", "override", "coder"),
        ("auto", {"extra_body": {"models": ["broken", "small"]}}, "override->fallback", "override", "small"),
    ],
)
def test_the_client_may_decide_itself(client, model, more, route, by, answered):
    said = headers(ask(client, model, **more))
    assert (said["route"], said["decided-by"], said["model"]) == (route, by, answered)


def test_a_stream_has_no_usage_that_nobody_asked_for(gateway, client, upstream):
    stream = client.chat.completions.create(model="auto", messages=says("hello there"), stream=True)
    chunks = list(stream)
    assert text_of(chunks) == "you said: hello there"
    assert len(chunks) > 4, "it comes in the pieces that the upstream sent"
    assert all(chunk.choices and not chunk.usage for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    [call] = upstream.calls()
    assert call["body"]["stream_options"] == {"include_usage": True}
    row = gateway.row()
    assert (row["stream"], row["tokens"], row["output_tokens"], row["status"], row["error"]) == (
        (1, "measured", 5, 200, None)
    )
    assert row["cost_nano_usd"] == 18_000


def test_a_stream_ends_with_the_usage_that_was_asked_for(client, upstream):
    options = {"include_usage": True}
    response = ask(client, "auto", stream=True, stream_options=options)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (headers(response)["route"], headers(response)["model"]) == ("simple", "small")
    chunks = list(response.parse())
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [15]
    assert chunks[-1].choices == [] and chunks[-1].usage, "it comes last"
    assert upstream.calls()[0]["body"]["stream_options"] == options


def test_usage_that_is_refused_is_still_asked_of_the_upstream(client, upstream):
    options = {"include_usage": False, "include_obfuscation": False}
    stream = client.chat.completions.create(model="small", messages=says("x"), stream=True, stream_options=options)
    chunks = list(stream)
    assert not any(chunk.usage for chunk in chunks)
    assert upstream.calls()[0]["body"]["stream_options"] == {"include_usage": True, "include_obfuscation": False}


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_that_are_not_told_are_estimated(gateway, client, stream):
    answer = client.chat.completions.create(model="no-usage", messages=says("hello"), stream=stream)
    if stream:
        assert text_of(answer) == "tokens are not told"
    else:
        assert answer.usage is None
    row = gateway.row()
    assert row["tokens"] == "estimated"
    assert 0 < row["output_tokens"] < 30 and 0 < row["input_tokens"] < 60


def test_the_streaming_helper_puts_the_answer_together(client):
    with client.chat.completions.stream(model="auto", messages=says("hello there")) as stream:
        events = [event.type for event in stream]
        completion = stream.get_final_completion()
    assert events.count("content.delta") > 1 and events.count("content.done") == 1
    assert completion.choices[0].message.content == "you said: hello there"


# What requests carry.


def called(stream):
    """The message that a stream of tool calls amounts to."""
    calls = {}
    for chunk in stream:
        for part in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(part.index, {"type": "function", "function": {"name": "", "arguments": ""}})
            call["id"] = part.id or call["id"]
            call["function"]["name"] += part.function.name or ""
            call["function"]["arguments"] += part.function.arguments or ""
    assert chunk.choices[0].finish_reason == "tool_calls"
    return {"role": "assistant", "content": None, "tool_calls": [calls[index] for index in sorted(calls)]}


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called_and_their_results_answered_from(client, upstream, stream):
    def turn(messages):
        response = ask(client, "auto", messages, tools=[TEMPERATURE], tool_choice="auto", stream=stream)
        said = headers(response)
        assert (said["route"], said["decided-by"], said["model"]) == ("agent", "rule", "agent")
        return response.parse()

    question = says("How warm is it in Oslo and in Lima?")
    answer = turn(question)
    message = called(answer) if stream else answer.choices[0].message.model_dump(exclude_unset=True)
    functions = [(call["id"], call["function"]) for call in message["tool_calls"]]
    assert functions == [
        ("call_Oslo", {"name": "temperature", "arguments": '{"city": "Oslo"}'}),
        ("call_Lima", {"name": "temperature", "arguments": '{"city": "Lima"}'}),
    ]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"{21 + position}°"}
        for position, call in enumerate(message["tool_calls"])
    ]
    answer = turn([*question, message, *results])
    content = text_of(answer) if stream else answer.choices[0].message.content
    assert content == "call_Oslo is 21°; call_Lima is 22°"
    first, second = upstream.calls("tools")
    assert first["body"]["tools"] == second["body"]["tools"] == [TEMPERATURE]
    assert second["body"]["messages"] == [*question, message, *results]


def test_an_image_goes_to_a_model_that_can_see(client, upstream):
    picture = PIXEL + "A" * 1_000_000
    response = ask(client, "auto", shows(picture))
    assert headers(response)["model"] == "eyes"
    assert response.parse().choices[0].message.content == f"an image of {len(picture)} characters"
    assert [call["model"] for call in upstream.calls()] == ["vision"]


def test_an_image_that_no_model_can_see_is_refused(gateway, client, upstream):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "blind", shows(PIXEL))
    assert "vision" in refused.value.message and refused.value.code == "invalid_request_error"
    assert upstream.calls() == []
    assert gateway.row()["status"] == 400


class Weather(pydantic.BaseModel):
    """What the model has to answer."""

    city: str
    degrees: int


def test_a_schema_is_kept_to(client, upstream):
    completion = client.chat.completions.parse(model="auto", messages=says("the weather"), response_format=Weather)
    assert completion.choices[0].message.parsed == Weather(city="Oslo", degrees=21)
    [call] = upstream.calls()
    assert call["model"] == "schema", "the only model that can"
    asked = call["body"]["response_format"]["json_schema"]
    assert (asked["name"], asked["strict"], sorted(asked["schema"]["properties"])) == (
        ("Weather", True, ["city", "degrees"])
    )


def test_what_the_gateway_does_not_know_passes_in_both_directions(gateway, client, upstream):
    odd = {"provider": {"order": ["a", "b"]}, "top_k": 40, "é": "\u2028\\u0041\"", "π": [3.10, {"": None}]}
    message = {"role": "user", "content": "hello", "name": "Ada", "vendor": {"cache": True}}
    completion = client.chat.completions.create(
        model="small", messages=[message], seed=7, temperature=0.1, metadata={"team": "blue"}, extra_body=odd
    )
    [call] = upstream.calls()
    assert call["body"] == {
        **odd,
        "model": "echo:small",
        "messages": [message],
        "seed": 7,
        "temperature": 0.1,
        "metadata": {"team": "blue"},
    }
    assert completion.model_extra["vendor_note"] == UNKNOWN
    assert json.loads(gateway.row()["metadata"]) == {"team": "blue"}


def test_what_the_gateway_does_not_know_passes_in_streams(client):
    chunks = list(client.chat.completions.create(model="small", messages=says("x"), stream=True))
    assert [chunk.model_extra["vendor_note"] for chunk in chunks if text_of([chunk])] == [UNKNOWN] * 3


# Other endpoints.


def test_the_list_of_models_begins_with_the_routers(client):
    listed = list(client.models.list())
    ids = [model.id for model in listed]
    assert ids[0] == "auto" and ids.index("silence") < ids.index("small")
    routers = [model.owned_by == "frontdesk" for model in listed]
    assert routers == sorted(routers, reverse=True), "no model comes before a router"
    assert len(ids) == len(set(ids)) and {"auto", "doomed", "small", "embedder"} <= set(ids)
    small = listed[ids.index("small")]
    assert (small.owned_by, small.model_extra["price"]["output"]) == ("simulated", 2.0)
    assert listed[ids.index("eyes")].model_extra["capabilities"] == ["vision"]


def test_embeddings_come_from_the_model_that_is_named(gateway, client, upstream):
    embeddings = client.embeddings.create(model="embedder", input=["one", "two"])
    assert [entry.embedding for entry in embeddings.data] == [[0.25, -0.5, 1.0]] * 2
    [call] = upstream.calls()
    assert (call["path"], call["model"], call["body"]["input"]) == ("/v1/embeddings", "embed", ["one", "two"])
    row = gateway.row()
    assert (row["endpoint"], row["model"], row["input_tokens"], row["tokens"]) == (
        ("/v1/embeddings", "embedder", 3, "measured")
    )


def test_embeddings_of_a_router_are_refused(client, upstream):
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="auto", input="one")
    assert upstream.calls() == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_is_completed_by_the_model_that_is_named(gateway, client, upstream, stream):
    completion = client.completions.create(model="storyteller", prompt="Once upon a time", stream=stream)
    if stream:
        chunks = list(completion)
        assert all(chunk.choices and not chunk.usage for chunk in chunks)
        said = "".join(chunk.choices[0].text for chunk in chunks)
    else:
        said = completion.choices[0].text
    assert said == "Once upon a time, there was a gateway."
    assert upstream.calls()[0]["path"] == "/v1/completions"
    row = gateway.row()
    assert (row["endpoint"], row["model"], row["tokens"], row["output_tokens"]) == (
        ("/v1/completions", "storyteller", "measured", 5)
    )


# Errors.


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(gateway, client, stream):
    with pytest.raises(openai.NotFoundError) as missing:
        ask(client, "autp", stream=stream)
    error = missing.value
    assert (error.code, error.param, error.type) == ("model_not_found", "model", "invalid_request_error")
    assert "autp" in error.message
    row = gateway.row()
    assert (row["id"], row["requested_model"], row["status"], row["error"]) == (
        (error.request_id, "autp", 404, "model_not_found")
    )


@pytest.mark.parametrize(("name", "near"), [("autp", "auto"), ("silense", "silence"), ("embeder", "embedder")])
def test_an_unknown_model_is_told_which_names_are_near(client, name, near):
    with pytest.raises(openai.NotFoundError) as missing:
        ask(client, name)
    assert near in missing.value.message


def test_a_request_without_messages_is_refused(client, upstream):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="auto", messages=[])
    error = refused.value
    assert (error.code, error.param, error.type) == ("invalid_request_error", "messages", "invalid_request_error")
    assert set(error.body) == {"message", "type", "param", "code"}
    assert upstream.calls() == []


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_upstream_refuses_comes_as_it_was(gateway, client, upstream, stream):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "strict", stream=stream)
    assert refused.value.body == {
        "message": "this is against the policy",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "content_policy_violation",
        "vendor_detail": ["kept"],
    }
    assert len(upstream.calls()) == 1, "no other model is asked"
    row = gateway.row()
    assert (row["status"], row["attempts"]) == (400, [("strict", "refused")])


def test_a_body_that_is_too_large_is_refused(client, upstream):
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(model="auto", messages=says("x" * (16 << 20)))
    assert refused.value.status_code == 413
    assert upstream.calls() == []


# Failures of models.


@pytest.mark.parametrize("stream", [False, True])
def test_a_retry_of_the_gateway_is_invisible(gateway, client, upstream, stream):
    response = ask(client, "flaky-only", stream=stream)
    answer = response.parse()
    assert (text_of(answer) if stream else answer.choices[0].message.content) == "you said: hello"
    said = headers(response)
    assert (said["route"], said["attempts"], said["model"]) == ("all", "2", "flaky")
    assert len(upstream.calls()) == 2
    row = gateway.row()
    assert (row["attempts"], row["fallback"]) == ([("flaky", "upstream_error"), ("flaky", "answered")], 0)


@pytest.mark.parametrize(
    ("router", "stream", "failures"),
    [
        ("rescued", False, [("broken", "upstream_error")] * 2),
        ("rescued", True, [("broken", "upstream_error")] * 2),
        ("rescued-late", True, [("late-error", "upstream_error")] * 2),
        ("impatient", False, [("limited", "rate_limited")]),
    ],
)
def test_a_model_that_fails_is_replaced(gateway, client, router, stream, failures):
    response = ask(client, router, stream=stream)
    answer = response.parse()
    assert (text_of(answer) if stream else answer.choices[0].message.content) == "you said: hello"
    said = headers(response)
    assert (said["route"], said["model"]) == ("all->fallback", "backup")
    assert said["attempts"] == str(len(failures) + 1)
    row = gateway.row()
    assert (row["attempts"], row["model"], row["fallback"]) == ([*failures, ("backup", "answered")], "backup", 1)


def test_a_model_that_the_client_names_has_a_fallback_too(client):
    assert headers(ask(client, "broken"))["route"] == "override->fallback"


def test_a_short_rate_limit_is_waited_for(client):
    said = headers(ask(client, "patient"))
    assert (said["route"], said["model"], said["attempts"]) == ("all", "limited-shortly", "2")


@pytest.mark.parametrize(
    ("router", "status", "code", "calls"),
    [
        ("doomed", 503, "models_unavailable", ["always-500", "always-500", "always-500:also", "always-500:also"]),
        ("nonsense", 502, "bad_upstream", ["garbage", "garbage"]),
        ("unpaid", 502, "bad_upstream", ["refuse-401"]),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_spent_retries_are_not_multiplied_by_the_client(gateway, client, upstream, router, status, code, calls, stream):
    with pytest.raises(openai.InternalServerError) as failed:
        ask(client.with_options(max_retries=5), router, stream=stream)
    error = failed.value
    assert (error.status_code, error.code) == (status, code)
    assert error.response.headers["x-should-retry"] == "false"
    assert ("retry-after" in error.response.headers) == (status == 503)
    assert "nobody's business" not in error.response.text
    assert [call["model"] for call in upstream.calls()] == calls
    row = gateway.row()
    assert (row["id"], row["status"], row["error"]) == (error.request_id, status, code)
    assert len(row["attempts"]) == len(calls)


def test_a_client_is_told_when_a_model_that_rests_may_be_asked_again(client, upstream):
    for time in ("first", "second"):
        with pytest.raises(openai.InternalServerError) as failed:
            ask(client, "resting")
        told = failed.value.response.headers
        assert failed.value.status_code == 503
        assert 55 <= int(told["retry-after"]) <= 60, f"the provider said 60 s; the {time} time"
        assert 55_000 <= int(told["retry-after-ms"]) <= 60_000
    assert len(upstream.calls()) == 1, "a model that rests is left alone"


@pytest.mark.parametrize("stream", [False, True])
def test_the_client_sets_how_long_a_request_may_take(gateway, client, upstream, stream):
    patience = {"x-frontdesk-timeout-ms": "300"}
    with pytest.raises(openai.InternalServerError) as late:
        ask(client.with_options(max_retries=5), "silence", stream=stream, extra_headers=patience)
    assert (late.value.status_code, late.value.code) == (504, "timeout")
    wait_for(lambda: upstream.calls("silent")[0]["ended"] == "client_closed", "the call is cancelled")
    assert [call["model"] for call in upstream.calls()] == ["silent"], "nobody is asked when the time is over"
    row = gateway.row()
    assert (row["status"], row["error"], row["attempts"]) == (504, "timeout", [("silent", "out_of_time")])
    assert 300_000 <= row["total_us"] < 3_000_000


def test_a_clients_impatience_is_no_failure_of_a_model_that_was_not_asked(client, upstream):
    for _ in range(6):
        with pytest.raises(openai.InternalServerError):
            ask(client, "silence", extra_headers={"x-frontdesk-timeout-ms": "50"})
    said = headers(ask(client, "backup"))
    assert (said["route"], said["model"]) == ("override", "backup")


@pytest.mark.parametrize("model", ["cut", "stuck"])
def test_half_an_answer_is_never_a_success(gateway, client, upstream, model):
    said = ""
    with pytest.raises(openai.APIError) as interrupted:
        for chunk in client.chat.completions.create(model=model, messages=says("hello"), stream=True):
            said += text_of([chunk])
            assert not chunk.choices[0].finish_reason
    assert said == "the first half"
    assert interrupted.value.code == "upstream_interrupted"
    assert set(interrupted.value.body) == {"message", "type", "param", "code"}
    row = gateway.row()
    assert (row["error"], row["tokens"], row["attempts"]) == (
        ("upstream_interrupted", "estimated", [(model, "interrupted")])
    )
    assert row["output_tokens"] > 0 and row["model"] == model
    assert len(upstream.calls()) == 1, "what went out cannot be said again by another model"


# Clients that leave.


def ended(upstream, model):
    """How the only call of a model ended."""
    [call] = upstream.calls(model)
    return call["ended"]


def test_a_stream_that_is_closed_is_cancelled_upstream(gateway, client, upstream):
    stream = client.chat.completions.create(model="slow", messages=says("count"), stream=True)
    said = ""
    for chunk in stream:
        said += text_of([chunk])
        if "3 " in said:
            break
    assert ended(upstream, "slow-stream:600") is None
    stream.close()
    wait_for(lambda: ended(upstream, "slow-stream:600") == "client_closed", "the upstream's stream is closed")
    wait_for(gateway.peek, "the row is written while the gateway runs on")
    row = gateway.row()
    assert (row["requested_model"], row["model"], row["status"], row["error"]) == ("slow", "slow", 499, "client_closed")
    assert row["attempts"] == [("slow", "abandoned")]
    assert row["tokens"] == "estimated" and row["output_tokens"] > 0 and row["input_tokens"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_gives_up_before_the_answer_cancels_the_call(gateway, client, upstream, stream):
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.3), "silent", stream=stream)
    wait_for(lambda: ended(upstream, "silent") == "client_closed", "the upstream's call is cancelled")
    wait_for(gateway.peek, "the row is written")
    row = gateway.row()
    assert (row["status"], row["error"], row["attempts"]) == (499, "client_closed", [("silent", "abandoned")])
    assert [call["model"] for call in upstream.calls()] == ["silent"], "no other model is asked for nobody"


def test_a_stream_goes_on_to_its_end_when_the_gateway_stops(gateway, client):
    stream = client.chat.completions.create(model="short-slow", messages=says("count"), stream=True)
    first = next(chunk for chunk in stream if text_of([chunk]))
    gateway.process.terminate()
    rest = list(stream)
    assert text_of([first, *rest]).split() == [str(number) for number in range(12)]
    assert rest[-1].choices[0].finish_reason == "stop"
    row = gateway.row()
    assert (row["status"], row["error"], row["attempts"]) == (200, None, [("short-slow", "answered")])


# Many at once.


def test_requests_are_served_at_the_same_time_and_not_mixed_up(gateway):
    async def together():
        patience = 2 * DEADLINE
        client = openai.AsyncOpenAI(base_url=gateway.url, api_key="unused", max_retries=0, timeout=patience)
        async with client:

            async def one(number):
                streamed = number % 2 == 0
                answer = await client.chat.completions.create(
                    model="together", messages=says(f"number {number}"), stream=streamed
                )
                if streamed:
                    return text_of([chunk async for chunk in answer])
                return answer.choices[0].message.content

            return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(together()) == [f"you said: number {number}" for number in range(20)]
    rows = gateway.rows()
    assert len({row["id"] for row in rows}) == len(rows) == 20
    assert {(row["status"], row["model"], row["output_tokens"]) for row in rows} == {(200, "together", 5)}
