// What a program gets that uses the official `openai` package with the gateway's address as its base URL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import OpenAI from "openai";

import { Gateway, Upstream, waitFor } from "./processes.mjs";

const PIXEL = "data:image/png;base64,iVBORw0KGgo";
const TEMPERATURE = {
  type: "function",
  function: {
    name: "temperature",
    description: "The temperature of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

let upstream;
before(async () => {
  upstream = await Upstream.start();
});
after(() => upstream.stop());

/** A test with a gateway of its own, and a client that counts its HTTP requests. */
function check(name, body) {
  test(name, async (context) => {
    await upstream.reset();
    const gateway = await Gateway.start(upstream);
    context.after(() => gateway.stop());
    const sent = [];
    const counting = (url, init) => {
      sent.push(String(url));
      return fetch(url, init);
    };
    const client = new OpenAI({ baseURL: gateway.url, apiKey: "unused", maxRetries: 0, fetch: counting });
    await body({ client, sent });
  });
}

function says(content) {
  return [{ role: "user", content }];
}

function textOf(chunks) {
  return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
}

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function header(response, name) {
  return response.headers.get(`x-frontdesk-${name}`);
}

// Answers.

check("a chat is routed and answered", async ({ client }) => {
  const messages = says("hello, how are you?");
  const request = client.chat.completions.create({ model: "auto", messages });
  const { data, response, request_id } = await request.withResponse();
  assert.equal(data.choices[0].message.content, "you said: hello, how are you?");
  assert.equal(data.model, "vendor-model", "the body's model stays what the upstream said");
  assert.deepEqual(data.vendor_note, { region: "nowhere", odd: [1, 2.5, null] });
  assert.match(request_id, /^[0-9a-f-]{36}$/);
  assert.equal(data._request_id, request_id);
  assert.equal(header(response, "route"), "simple");
  assert.equal(header(response, "decided-by"), "embedded");
  assert.equal(header(response, "model"), "small");
  assert.equal(header(response, "attempts"), "1");
  const [call] = await upstream.calls();
  assert.deepEqual(call.body, { model: "echo:small", messages });
  assert.equal(call.authorization, "Bearer the-gateways-own");
});

check("a hint chooses the category", async ({ client }) => {
  const options = { headers: { "x-frontdesk-category": "code" } };
  const request = client.chat.completions.create({ model: "auto", messages: says("hi") }, options);
  const { response } = await request.withResponse();
  assert.deepEqual([header(response, "route"), header(response, "decided-by")], ["code", "hint"]);
});

check("a stream has no usage that nobody asked for", async ({ client }) => {
  const chunks = await all(await client.chat.completions.create({ model: "auto", messages: says("hi"), stream: true }));
  assert.equal(textOf(chunks), "you said: hi");
  assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  const [call] = await upstream.calls();
  assert.deepEqual(call.body.stream_options, { include_usage: true });
});

check("a stream ends with the usage that was asked for", async ({ client }) => {
  const stream_options = { include_usage: true };
  const request = { model: "auto", messages: says("hi"), stream: true, stream_options };
  const { data, response } = await client.chat.completions.create(request).withResponse();
  assert.equal(header(response, "model"), "small");
  const chunks = await all(data);
  assert.deepEqual(chunks.filter((chunk) => chunk.usage).map((chunk) => chunk.usage.total_tokens), [15]);
  assert.deepEqual(chunks.at(-1).choices, []);
});

// What requests carry.

for (const stream of [false, true]) {
  check(`tools are called and their results answered from, stream: ${stream}`, async ({ client }) => {
    const ask = async (messages) => {
      const request = { model: "auto", messages, tools: [TEMPERATURE] };
      if (stream) return client.chat.completions.stream(request).finalChatCompletion();
      return client.chat.completions.create(request);
    };
    const question = says("How warm is it in Oslo and in Lima?");
    const [{ message, finish_reason }] = (await ask(question)).choices;
    assert.equal(finish_reason, "tool_calls");
    const called = message.tool_calls.map((call) => [call.id, call.function.name, call.function.arguments]);
    assert.deepEqual(called, [
      ["call_Oslo", "temperature", '{"city": "Oslo"}'],
      ["call_Lima", "temperature", '{"city": "Lima"}'],
    ]);
    const results = called.map(([id], position) => ({ role: "tool", tool_call_id: id, content: `${21 + position}°` }));
    const answer = await ask([...question, message, ...results]);
    assert.equal(answer.choices[0].message.content, "call_Oslo is 21°; call_Lima is 22°");
    const calls = await upstream.calls();
    assert.deepEqual(calls.map((call) => call.model), ["tools", "tools"]);
    assert.deepEqual(calls[1].body.messages.slice(2), results);
    assert.deepEqual(calls[1].body.tools, [TEMPERATURE]);
  });
}

const picture = [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: PIXEL } }];

check("an image goes to a model that can see", async ({ client }) => {
  const request = client.chat.completions.create({ model: "auto", messages: says(picture) });
  const { data, response } = await request.withResponse();
  assert.equal(header(response, "model"), "eyes");
  assert.equal(data.choices[0].message.content, `an image of ${PIXEL.length} characters`);
});

check("an image that no model can see is refused", async ({ client }) => {
  await assert.rejects(client.chat.completions.create({ model: "blind", messages: says(picture) }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.match(error.message, /vision/);
    return true;
  });
  assert.deepEqual(await upstream.calls(), []);
});

// Other endpoints.

check("the list of models begins with the routers", async ({ client }) => {
  const listed = await all(client.models.list());
  const routers = listed.map((model) => model.owned_by === "frontdesk");
  assert.equal(listed[0].id, "auto");
  assert.ok(routers.lastIndexOf(true) < routers.indexOf(false), "no model comes before a router");
  assert.deepEqual(listed.find((model) => model.id === "eyes").capabilities, ["vision"]);
});

check("embeddings come from the model that is named", async ({ client }) => {
  const { data } = await client.embeddings.create({ model: "embedder", input: ["one", "two"] });
  assert.deepEqual(data.map((entry) => entry.embedding), [[0.25, -0.5, 1], [0.25, -0.5, 1]]);
});

// Errors.

check("an unknown model is not found", async ({ client }) => {
  await assert.rejects(client.chat.completions.create({ model: "autp", messages: says("hi") }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param, error.type], ["model_not_found", "model", "invalid_request_error"]);
    assert.match(error.requestID, /^[0-9a-f-]{36}$/);
    return true;
  });
});

check("a request without messages is refused", async ({ client }) => {
  await assert.rejects(client.chat.completions.create({ model: "auto", messages: [] }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual(Object.keys(error.error).sort(), ["code", "message", "param", "type"]);
    assert.equal(error.param, "messages");
    return true;
  });
});

check("what the upstream refuses comes as it was", async ({ client }) => {
  await assert.rejects(client.chat.completions.create({ model: "strict", messages: says("hi") }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual(error.error, {
      message: "this is against the policy",
      type: "invalid_request_error",
      param: "messages",
      code: "content_policy_violation",
      vendor_detail: ["kept"],
    });
    return true;
  });
  assert.equal((await upstream.calls()).length, 1);
});

check("a body that is too large is refused, and the client gets to read that", async ({ client }) => {
  const messages = says("x".repeat(5 << 20));
  // Whether the refusal arrives while the body is still being sent is a matter of luck, so it is tried several times.
  const told = [];
  for (let nth = 0; nth < 10; nth += 1) {
    const error = await client.chat.completions.create({ model: "auto", messages }).catch((error) => error);
    told.push(error.status ?? error.cause?.cause?.code ?? String(error));
  }
  assert.deepEqual(told, Array(10).fill(413));
});

// Failures of models.

check("a retry of the gateway is invisible", async ({ client, sent }) => {
  const request = client.chat.completions.create({ model: "flaky-only", messages: says("hi") });
  const { data, response } = await request.withResponse();
  assert.equal(data.choices[0].message.content, "you said: hi");
  assert.equal(header(response, "attempts"), "2");
  assert.deepEqual([sent.length, (await upstream.calls()).length], [1, 2]);
});

check("a model that fails is replaced in a stream too", async ({ client }) => {
  const request = client.chat.completions.create({ model: "rescued", messages: says("hi"), stream: true });
  const { data, response } = await request.withResponse();
  assert.equal(header(response, "route"), "all->fallback");
  assert.equal(header(response, "model"), "backup");
  assert.equal(textOf(await all(data)), "you said: hi");
});

check("spent retries are not multiplied by the client", async ({ client, sent }) => {
  const request = client.chat.completions.create({ model: "doomed", messages: says("hi") }, { maxRetries: 5 });
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code], [503, "models_unavailable"]);
    assert.equal(error.headers.get("x-should-retry"), "false");
    return true;
  });
  assert.equal(sent.length, 1);
  const called = (await upstream.calls()).map((call) => call.model);
  assert.deepEqual(called, ["always-500", "always-500", "always-500:also", "always-500:also"]);
});

check("the client sets how long a request may take", async ({ client, sent }) => {
  const options = { maxRetries: 5, headers: { "x-frontdesk-timeout-ms": "300" } };
  const request = client.chat.completions.create({ model: "silence", messages: says("hi") }, options);
  await assert.rejects(request, (error) => {
    assert.deepEqual([error.status, error.code], [504, "timeout"]);
    return true;
  });
  assert.equal(sent.length, 1);
});

check("half an answer is never a success", async ({ client }) => {
  const stream = await client.chat.completions.create({ model: "cut", messages: says("hi"), stream: true });
  const chunks = [];
  const reading = async () => {
    for await (const chunk of stream) chunks.push(chunk);
  };
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.code, "upstream_interrupted");
    return true;
  });
  assert.equal(textOf(chunks), "the first half");
  assert.ok(chunks.every((chunk) => !chunk.choices[0].finish_reason));
});

// Clients that leave.

check("a stream that is aborted is cancelled upstream", async ({ client }) => {
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const request = { model: "slow", messages: says("count"), stream: true };
  const stream = await client.chat.completions.create(request, options);
  let said = "";
  for await (const chunk of stream) {
    said += textOf([chunk]);
    if (said.includes("3 ") && !leaving.signal.aborted) {
      assert.equal((await upstream.calls())[0].ended, null);
      leaving.abort();
    }
  }
  await waitFor(async () => (await upstream.calls())[0].ended === "client_closed", "the upstream's stream is closed");
});

check("a request that is aborted before its answer is cancelled upstream", async ({ client }) => {
  const leaving = new AbortController();
  const request = client.chat.completions.create({ model: "silent", messages: says("hi") }, { signal: leaving.signal });
  const aborted = assert.rejects(request, OpenAI.APIUserAbortError);
  await waitFor(async () => (await upstream.calls()).length === 1, "the upstream is called");
  leaving.abort();
  await aborted;
  await waitFor(async () => (await upstream.calls())[0].ended === "client_closed", "the upstream's call is closed");
  assert.equal((await upstream.calls()).length, 1, "no other model is asked for nobody");
});
