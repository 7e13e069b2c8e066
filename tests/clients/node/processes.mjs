// The scripted upstream and the gateway as processes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const CLIENTS = fileURLToPath(new URL("..", import.meta.url));
const BINARY = process.env.FRONTDESK_BIN ?? path.join(CLIENTS, "../../target/debug/frontdesk");
// The longest that anything here is waited for, milliseconds.
const DEADLINE = 10_000;
// Shorter than the configured grace: a gateway that only stops because its grace is over stops too late.
const STOP_DEADLINE = 6_000;

/** Asks again and again until the condition gives something true; that. */
export async function waitFor(condition, what) {
  const deadline = Date.now() + DEADLINE;
  while (Date.now() < deadline) {
    const result = await condition();
    if (result) return result;
    await pause(10);
  }
  assert.fail(`waited ${DEADLINE} ms in vain: ${what}`);
}

/** The first line that fits, of a process that would else end or say nothing. */
async function line(child, stream, find, heard = []) {
  const lines = readline.createInterface({ input: stream });
  return new Promise((resolve, reject) => {
    lines.on("line", (text) => {
      heard.push(text);
      const found = find(text);
      if (found) resolve(found);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${heard.join("\n")}`)));
  });
}

/** The scripted model server. */
export class Upstream {
  static async start() {
    const upstream = new Upstream();
    const script = path.join(CLIENTS, "upstream.py");
    upstream.child = spawn("python3", [script, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await line(upstream.child, upstream.child.stdout, (text) => text);
    upstream.url = `http://127.0.0.1:${port}`;
    return upstream;
  }

  async calls() {
    const response = await fetch(`${this.url}/log`);
    return (await response.json()).calls;
  }

  async reset() {
    await (await fetch(`${this.url}/reset`, { method: "POST" })).arrayBuffer();
  }

  async stop() {
    const exited = once(this.child, "exit");
    this.child.kill();
    await exited;
  }
}

/** The built gateway. */
export class Gateway {
  static async start(upstream) {
    const gateway = new Gateway();
    gateway.folder = await mkdtemp(path.join(tmpdir(), "frontdesk-"));
    const config = path.join(gateway.folder, "frontdesk.toml");
    const text = await readFile(path.join(CLIENTS, "gateway.toml"), "utf8");
    const ledger = path.join(gateway.folder, "ledger.db");
    await writeFile(config, text.replaceAll("UPSTREAM", upstream.url).replaceAll("LEDGER", ledger));
    const env = { ...process.env, SIMULATED_KEY: "the-gateways-own" };
    delete env.FRONTDESK_LOG;
    gateway.log = [];
    gateway.child = spawn(BINARY, ["serve", "--config", config], { env, stdio: ["ignore", "ignore", "pipe"] });
    const address = await line(gateway.child, gateway.child.stderr, listening, gateway.log);
    gateway.url = `http://${address}/v1`;
    return gateway;
  }

  /** Stops it as an operator would: it must end well, idle connections of clients notwithstanding. */
  async stop() {
    const exited = once(this.child, "exit", { signal: AbortSignal.timeout(STOP_DEADLINE) });
    this.child.kill("SIGTERM");
    try {
      const [code] = await exited;
      assert.equal(code, 0, this.log.join("\n"));
    } catch (error) {
      this.child.kill("SIGKILL");
      throw error;
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

/** The address in the log's line that says where the gateway listens. */
function listening(text) {
  if (!text.startsWith("{")) return undefined;
  const entry = JSON.parse(text);
  return entry.message === "listening" ? entry.address : undefined;
}
