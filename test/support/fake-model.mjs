// One loopback HTTP server for the model APIs of Anthropic, OpenAI (chat and Responses) and Google. The prompt is the
// script, so the server keeps no state and any agent that reaches a model endpoint can be scripted:
//
//   #script say Hello | write notes.txt some text | sh ls & read notes.txt | say Bye
//
// As a program: node fake-model.mjs [--port 0] [--chunk-delay MS] [--log FILE] prints {"port","pid"}.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const inputTokens = 100;

/**
 * Starts the server on 127.0.0.1.
 * @param {{port?: number, chunkDelayMs?: number, log?: (entry: object) => void}} [options]
 */
export async function startFakeModel({ port = 0, chunkDelayMs = 0, log = () => {} } = {}) {
  /** What was asked, in order, and how each request ended: `finished` or `by-client`. */
  const requests = [];
  const watchers = new Set();
  const changed = () => watchers.forEach((look) => look());
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing, { chunkDelayMs, requests, changed, log }).catch((error) => outgoing.destroy(error));
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    /** Resolves when the condition holds for the requests so far. */
    seen: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(requests)) return;
          watchers.delete(look);
          resolve(requests);
        };
        watchers.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(incoming, outgoing, { chunkDelayMs, requests, changed, log }) {
  const { pathname } = new URL(incoming.url, "http://localhost");
  const api = apiOf(incoming.method, pathname);
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  if (!api)
    return answer(outgoing, incoming.method === "GET" && pathname.endsWith("/models") ? 200 : 404, {
      object: "list",
      data: [],
      models: [],
    });
  const body = await readJson(incoming);
  if (/count_?tokens$/i.test(pathname)) return answer(outgoing, 200, { input_tokens: inputTokens, totalTokens: inputTokens });

  const asked = api.read(body, pathname);
  const { turn, steps } = whatToPlay(asked);
  const entry = {
    api: api.name,
    model: asked.model,
    turn,
    tools: asked.tools.map(({ name }) => name),
    steps: steps.map(({ text }) => text),
    last: JSON.stringify((body.messages ?? body.input ?? body.contents)?.at?.(-1) ?? ""),
  };
  requests.push(entry);
  changed();
  outgoing.once("close", () => {
    entry.ended = outgoing.writableFinished ? "finished" : "by-client";
    log(entry);
    changed();
  });
  const id = `${asked.items.length}`;
  const blocks = steps.map((step, index) => blockOf(step, asked, `${id}_${index}`));
  const first = steps[0];
  if (first.verb === "error") return answer(outgoing, Number(first.rest), api.error(Number(first.rest)));
  const writer = api.writer({ model: asked.model, id, body });
  if (asked.stream) await stream(outgoing, writer, blocks, { chunkDelayMs, signal: gone.signal });
  else await whole(outgoing, api, writer, blocks, { chunkDelayMs, signal: gone.signal });
}

async function stream(outgoing, writer, blocks, timing) {
  outgoing.writeHead(200, { "content-type": "text/event-stream", "request-id": "req_fake" });
  const write = (frames) => frames.forEach(([event, data]) => outgoing.write(frame(event, data)));
  write(writer.start());
  let output = 0;
  for await (const { type, block, text } of play(blocks, timing)) {
    if (type === "delta") output += 1;
    if (type === "error") {
      write(writer.failed(Number(block.step.rest)));
      return outgoing.end();
    }
    write(writer[type](block, text));
  }
  write(writer.finish(blocks, { input: inputTokens, output }));
  outgoing.end();
}

async function whole(outgoing, api, writer, blocks, timing) {
  let output = 0;
  writer.start();
  for await (const { type, block, text } of play(blocks, timing)) {
    if (type === "delta") output += 1;
    if (type === "error") return answer(outgoing, Number(block.step.rest), api.error(Number(block.step.rest)));
    writer[type](block, text);
  }
  answer(outgoing, 200, writer.whole(blocks, { input: inputTokens, output }));
}

/** The blocks as they happen; ends early only when the client has left. */
async function* play(blocks, { chunkDelayMs, signal }) {
  for (const block of blocks) {
    if (block.kind === "hang") await forever(signal);
    if (signal.aborted) return;
    if (block.kind === "error") {
      yield { type: "error", block };
      return;
    }
    yield { type: "open", block };
    for (const text of block.chunks) {
      if (block.delayMs ?? chunkDelayMs) await sleep(block.delayMs ?? chunkDelayMs, signal);
      if (signal.aborted) return;
      yield { type: "delta", block, text };
    }
    yield { type: "close", block };
  }
}

// ---- The script ----

const toolVerbs = new Set(["write", "read", "sh", "tool"]);

/** Which part of which script this request is at. What the mesh says below an ask is no part of it. */
function whatToPlay({ items, tools }) {
  const at = items.findLastIndex(({ role, text }) => role === "user" && text.includes("#script"));
  const [, mark = "", script = ""] = at < 0 ? [] : (/#script(!?)([^]*?)(?:\n\(close it|$)/.exec(items[at].text) ?? []);
  if (tools.length === 0 && mark !== "!") return { turn: 0, steps: [step("say Untitled")] };
  const turn = at < 0 ? Infinity : turnsOf(items.slice(at + 1));
  return { turn: at < 0 ? 0 : turn, steps: partsOf(script)[turn] ?? [step("say Done.")] };
}

/** Neighbouring assistant and call items are one turn of the model. */
function turnsOf(items) {
  return items.filter(({ role }, index) => role === "assistant" && items[index - 1]?.role !== "assistant").length;
}

/** A tool step ends a part; `&` before the next tool step keeps it in the same part. */
function partsOf(script) {
  const parts = [];
  let open = [];
  for (const text of script.split(/[|\n]/)) {
    const steps = text.split(/\s&\s+(?=(?:write|read|sh|tool)\s)/).map(step);
    for (const one of steps) if (one.verb) open.push(one);
    if (!toolVerbs.has(open.at(-1)?.verb)) continue;
    parts.push(open);
    open = [];
  }
  return open.length > 0 ? [...parts, open] : parts;
}

function step(text) {
  const trimmed = text.trim();
  const [, verb = "", rest = ""] = /^(\S+)\s*([^]*)$/.exec(trimmed) ?? [];
  return { text: trimmed, verb, rest };
}

/** What a step sends: its kind and its chunks. */
function blockOf(one, { tools }, id) {
  const { verb, rest } = one;
  if (verb === "say" || verb === "think") return { kind: verb === "say" ? "text" : "reasoning", id, step: one, chunks: wordsOf(rest) };
  if (verb === "slow") {
    const [count, ms] = rest.split(/\s+/).map(Number);
    return { kind: "text", id, step: one, delayMs: ms, chunks: wordsOf(Array.from({ length: count }, (_, n) => `tick${n}`).join(" ")) };
  }
  if (!toolVerbs.has(verb)) return { kind: verb === "hang" ? "hang" : "error", id, step: one, chunks: [] };
  const call = callOf(one, tools);
  return { kind: "call", id: `call_${id}`, step: one, ...call, chunks: [call.custom ? call.args : JSON.stringify(call.args)] };
}

const wordsOf = (text) => text.split(/(?<=\S)(?=\s)/).filter((word) => word !== "");

const offered = {
  write: ["create_file", "Write", "write_file", "write", "apply_patch"],
  read: ["read", "Read", "read_file"],
  sh: ["bash", "Bash", "run_shell_command", "exec_command", "shell_command", "shell"],
};

/** The call of the tool that this client has for the step. */
function callOf({ verb, rest }, tools) {
  const [, first = "", more = ""] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
  const named = (name) => tools.find((tool) => tool.name === name) ?? { name, properties: {} };
  if (verb === "tool") return { ...named(first), args: JSON.parse(more || "{}") };
  const tool = offered[verb].map((name) => tools.find((one) => one.name === name)).find(Boolean);
  if (verb === "sh") return { ...(tool ?? named("bash")), args: shellArguments(tool, rest) };
  if (!tool) return callOf({ verb: "sh", rest: verb === "read" ? `cat ${first}` : `printf '%s' '${more}' > ${first}` }, tools);
  if (tool.name === "apply_patch") {
    const patch = `*** Begin Patch\n*** Add File: ${first}\n${more
      .split("\n")
      .map((line) => `+${line}`)
      .join("\n")}\n*** End Patch\n`;
    return { ...tool, args: tool.custom ? patch : { [property(tool, ["input", "patch"])]: patch } };
  }
  const path = { [property(tool, ["path", "file_path", "filePath", "absolute_path"])]: first };
  return { ...tool, args: verb === "read" ? path : { ...path, [property(tool, ["content", "text", "file_text"])]: more } };
}

function shellArguments(tool, command) {
  if (tool && "cmd" in tool.properties) return { cmd: command };
  return { command: tool?.properties.command?.type === "array" ? ["bash", "-lc", command] : command };
}

const property = ({ properties }, names) => names.find((name) => name in properties) ?? names[0];

// ---- The wire formats: each reads a request into {model, stream, tools, items} and writes blocks ----

const message = (status) => `scripted ${status}`;
const textOf = (content) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n"));
const functionTool = ({ name, parameters, input_schema, parametersJsonSchema, inputSchema }, extra) => ({
  name,
  properties: (parameters ?? input_schema ?? parametersJsonSchema ?? inputSchema)?.properties ?? {},
  ...extra,
});

const anthropic = {
  name: "anthropic",
  read: ({ model, stream, tools = [], messages }) => ({
    model,
    stream: stream === true,
    tools: tools.map((tool) => functionTool(tool)),
    items: messages.map(({ role, content }) => ({ role: isToolResult(content) ? "tool" : role, text: textOf(content) })),
  }),
  error: (status) => ({
    type: "error",
    error: { type: status === 529 ? "overloaded_error" : "api_error", message: message(status) },
    request_id: "req_fake",
  }),
  writer({ model, id }) {
    const head = { id: `msg_${id}`, type: "message", role: "assistant", model, stop_sequence: null };
    const usage = (counts) => ({ input_tokens: counts.input, output_tokens: counts.output });
    const content = [];
    const event = (type, data) => [type, { type, ...data }];
    const starts = {
      text: () => ({ type: "text", text: "" }),
      reasoning: () => ({ type: "thinking", thinking: "", signature: "" }),
      call: ({ id: callId, name }) => ({ type: "tool_use", id: callId, name, input: {} }),
    };
    const deltas = {
      text: (text) => ({ type: "text_delta", text }),
      reasoning: (thinking) => ({ type: "thinking_delta", thinking }),
      call: (partial_json) => ({ type: "input_json_delta", partial_json }),
    };
    const wholes = {
      text: ({ chunks }) => ({ type: "text", text: chunks.join("") }),
      reasoning: ({ chunks, id: blockId }) => ({ type: "thinking", thinking: chunks.join(""), signature: `sig_${blockId}` }),
      call: ({ id: callId, name, args }) => ({ type: "tool_use", id: callId, name, input: args }),
    };
    const stop_reason = (blocks) => (blocks.some(({ kind }) => kind === "call") ? "tool_use" : "end_turn");
    return {
      start: () => [
        event("message_start", { message: { ...head, content: [], stop_reason: null, usage: usage({ input: inputTokens, output: 0 }) } }),
      ],
      open: (block) => [event("content_block_start", { index: content.push(block) - 1, content_block: starts[block.kind](block) })],
      delta: (block, text) => [event("content_block_delta", { index: content.length - 1, delta: deltas[block.kind](text) })],
      close: (block) => {
        const index = content.length - 1;
        const signature = { index, delta: { type: "signature_delta", signature: `sig_${block.id}` } };
        return [...(block.kind === "reasoning" ? [event("content_block_delta", signature)] : []), event("content_block_stop", { index })];
      },
      failed: (status) => [["error", anthropic.error(status)]],
      finish: (blocks, counts) => [
        event("message_delta", { delta: { stop_reason: stop_reason(blocks), stop_sequence: null }, usage: usage(counts) }),
        event("message_stop", {}),
      ],
      whole: (blocks, counts) => ({
        ...head,
        content: blocks.map((block) => wholes[block.kind](block)),
        stop_reason: stop_reason(blocks),
        usage: usage(counts),
      }),
    };
  },
};

const isToolResult = (content) => Array.isArray(content) && content.length > 0 && content.every(({ type }) => type === "tool_result");

const openaiError = (status) => ({
  error: { message: message(status), type: status === 429 ? "rate_limit_error" : "api_error", param: null, code: null },
});

const chat = {
  name: "chat",
  read: ({ model, stream, tools = [], messages }) => ({
    model,
    stream: stream === true,
    tools: tools.map((tool) => functionTool(tool.function)),
    items: messages
      .filter(({ role }) => role !== "system" && role !== "developer")
      .map(({ role, content }) => ({ role, text: textOf(content) })),
  }),
  error: openaiError,
  writer({ model, id, body }) {
    const head = { id: `chatcmpl_${id}`, created: 1_760_000_000, model };
    const chunk = (delta, finish_reason = null) => [
      undefined,
      { ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] },
    ];
    const usage = ({ input, output }) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output });
    const calls = [];
    const callOn = ({ id: callId, name, chunks }) => ({ id: callId, type: "function", function: { name, arguments: chunks.join("") } });
    const finish_reason = (blocks) => (blocks.some(({ kind }) => kind === "call") ? "tool_calls" : "stop");
    const joined = (blocks, kind) =>
      blocks
        .filter((block) => block.kind === kind)
        .flatMap(({ chunks }) => chunks)
        .join("");
    return {
      start: () => [chunk({ role: "assistant", content: "" })],
      open: () => [],
      delta: (block, text) => {
        if (block.kind === "call") return [chunk({ tool_calls: [{ index: calls.push(block) - 1, ...callOn(block) }] })];
        return [chunk(block.kind === "text" ? { content: text } : { reasoning_content: text })];
      },
      close: () => [],
      failed: (status) => [[undefined, openaiError(status)]],
      finish: (blocks, counts) => [
        chunk({}, finish_reason(blocks)),
        ...(body.stream_options?.include_usage
          ? [[undefined, { ...head, object: "chat.completion.chunk", choices: [], usage: usage(counts) }]]
          : []),
        [undefined, "[DONE]"],
      ],
      whole: (blocks, counts) => {
        const tool_calls = blocks.filter(({ kind }) => kind === "call").map(callOn);
        const reasoning = joined(blocks, "reasoning");
        const said = {
          role: "assistant",
          content: joined(blocks, "text"),
          ...(reasoning && { reasoning_content: reasoning }),
          ...(tool_calls.length > 0 && { tool_calls }),
        };
        return {
          ...head,
          object: "chat.completion",
          choices: [{ index: 0, message: said, finish_reason: finish_reason(blocks) }],
          usage: usage(counts),
        };
      },
    };
  },
};

const callItems = new Set(["function_call", "custom_tool_call", "reasoning", "local_shell_call", "item_reference"]);

const responses = {
  name: "responses",
  read({ model, stream, tools = [], input }) {
    const items = typeof input === "string" ? [{ role: "user", content: input }] : input;
    const added = items.filter(({ type }) => type === "additional_tools").flatMap((item) => item.tools ?? []);
    return {
      model,
      stream: stream === true,
      tools: [...tools, ...added].flatMap(toolsOf),
      items: items
        .filter(({ role, type }) => role !== "system" && role !== "developer" && type !== "additional_tools")
        .map(({ role, type, content }) => ({ role: callItems.has(type) ? "assistant" : (role ?? "tool"), text: textOf(content) })),
    };
  },
  error: openaiError,
  writer({ model, id }) {
    let sequence_number = 0;
    const items = [];
    const event = (type, data) => [type, { type, sequence_number: sequence_number++, ...data }];
    const response = (status, more) => ({
      id: `resp_${id}`,
      object: "response",
      created_at: 1_760_000_000,
      model,
      status,
      output: [],
      ...more,
    });
    const usage = ({ input, output }) => ({
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + output,
    });
    const part = (text) => ({ type: "output_text", text, annotations: [] });
    const itemOf = (block, isDone) => {
      const text = isDone ? block.chunks.join("") : "";
      const status = isDone ? "completed" : "in_progress";
      if (block.kind === "text")
        return { id: `msg_${block.id}`, type: "message", role: "assistant", status, content: isDone ? [part(text)] : [] };
      if (block.kind === "reasoning") {
        return {
          id: `rs_${block.id}`,
          type: "reasoning",
          summary: isDone ? [{ type: "summary_text", text }] : [],
          ...(isDone && { encrypted_content: `enc_${block.id}` }),
        };
      }
      const head = {
        id: `fc_${block.id}`,
        call_id: block.id,
        name: block.name,
        status,
        ...(block.namespace && { namespace: block.namespace }),
      };
      return block.custom ? { ...head, type: "custom_tool_call", input: text } : { ...head, type: "function_call", arguments: text };
    };
    const at = (block) => ({ item_id: itemOf(block).id, output_index: items.length - 1 });
    const deltas = {
      text: (block, delta) => event("response.output_text.delta", { ...at(block), content_index: 0, delta }),
      reasoning: (block, delta) => event("response.reasoning_summary_text.delta", { ...at(block), summary_index: 0, delta }),
      call: (block, delta) =>
        event(`response.${block.custom ? "custom_tool_call_input" : "function_call_arguments"}.delta`, { ...at(block), delta }),
    };
    const opened = {
      text: (block) => [event("response.content_part.added", { ...at(block), content_index: 0, part: part("") })],
      reasoning: (block) => [
        event("response.reasoning_summary_part.added", { ...at(block), summary_index: 0, part: { type: "summary_text", text: "" } }),
      ],
      call: () => [],
    };
    const closed = {
      text: (block, text) => [
        event("response.output_text.done", { ...at(block), content_index: 0, text }),
        event("response.content_part.done", { ...at(block), content_index: 0, part: part(text) }),
      ],
      reasoning: (block, text) => [
        event("response.reasoning_summary_text.done", { ...at(block), summary_index: 0, text }),
        event("response.reasoning_summary_part.done", { ...at(block), summary_index: 0, part: { type: "summary_text", text } }),
      ],
      call: (block, text) => [
        block.custom
          ? event("response.custom_tool_call_input.done", { ...at(block), input: text })
          : event("response.function_call_arguments.done", { ...at(block), name: block.name, arguments: text }),
      ],
    };
    const whole = (blocks, counts) => response("completed", { output: blocks.map((block) => itemOf(block, true)), usage: usage(counts) });
    return {
      start: () => [
        event("response.created", { response: response("in_progress") }),
        event("response.in_progress", { response: response("in_progress") }),
      ],
      open: (block) => {
        items.push(block);
        return [
          event("response.output_item.added", { output_index: items.length - 1, item: itemOf(block, false) }),
          ...opened[block.kind](block),
        ];
      },
      delta: (block, text) => [deltas[block.kind](block, text)],
      close: (block) => [
        ...closed[block.kind](block, block.chunks.join("")),
        event("response.output_item.done", { output_index: items.length - 1, item: itemOf(block, true) }),
      ],
      failed: (status) => [
        event("response.failed", { response: response("failed", { error: { code: "server_error", message: message(status) } }) }),
      ],
      finish: (blocks, counts) => [event("response.completed", { response: whole(blocks, counts) })],
      whole,
    };
  },
};

/** A tool of the Responses API: a function, free text, or a namespace of either. */
function toolsOf(tool) {
  if (tool.type === "namespace") return (tool.tools ?? []).flatMap(toolsOf).map((inner) => ({ ...inner, namespace: tool.name }));
  if (tool.type === "custom") return [{ name: tool.name, properties: {}, custom: true }];
  return tool.name ? [functionTool(tool)] : [];
}

const gemini = {
  name: "gemini",
  read: ({ tools = [], contents = [] }, pathname) => ({
    model: decodeURIComponent(/models\/([^:]+):/.exec(pathname)?.[1] ?? ""),
    stream: pathname.endsWith(":streamGenerateContent"),
    tools: tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations).map((tool) => functionTool(tool)),
    items: contents.map(({ role, parts = [] }) => ({
      role: role === "model" ? "assistant" : parts.every((part) => part.functionResponse) ? "tool" : "user",
      text: textOf(parts),
    })),
  }),
  error: (status) => ({ error: { code: status, message: message(status), status: status === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL" } }),
  writer({ model }) {
    let said = 0;
    const usageMetadata = ({ input, output }) => ({
      promptTokenCount: input,
      candidatesTokenCount: output,
      totalTokenCount: input + output,
    });
    const document = (parts, counts, finishReason) => ({
      candidates: [{ index: 0, content: { role: "model", parts }, ...(finishReason && { finishReason }) }],
      usageMetadata: usageMetadata(counts),
      modelVersion: model,
    });
    const partOf = (block, text) => {
      if (block.kind === "call")
        return { functionCall: { id: block.id, name: block.name, args: block.args }, thoughtSignature: `sig_${block.id}` };
      return block.kind === "reasoning" ? { text, thought: true } : { text };
    };
    return {
      start: () => [],
      open: () => [],
      delta: (block, text) => [[undefined, document([partOf(block, text)], { input: inputTokens, output: ++said })]],
      close: () => [],
      failed: (status) => [[undefined, gemini.error(status)]],
      finish: (_blocks, counts) => [[undefined, document([{ text: "" }], counts, "STOP")]],
      whole: (blocks, counts) =>
        document(
          blocks.map((block) => partOf(block, block.chunks.join(""))),
          counts,
          "STOP",
        ),
    };
  },
};

function apiOf(method, pathname) {
  if (method !== "POST") return undefined;
  if (/^(\/v1)?\/messages(\/count_tokens)?$/.test(pathname)) return anthropic;
  if (/^(\/v1)?\/chat\/completions$/.test(pathname)) return chat;
  if (/^(\/v1)?\/responses$/.test(pathname)) return responses;
  return /^\/v1beta\/models\/[^/]+:(streamGenerateContent|generateContent|countTokens)$/.test(pathname) ? gemini : undefined;
}

// ---- Small things ----

const frame = (event, data) => `${event ? `event: ${event}\n` : ""}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

function answer(outgoing, status, document) {
  outgoing.writeHead(status, { "content-type": "application/json", "request-id": "req_fake" });
  outgoing.end(JSON.stringify(document));
}

async function readJson(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}");
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

const forever = (signal) =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", resolve, { once: true })));

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string" }, "chunk-delay": { type: "string" }, log: { type: "string" } } });
  const { port } = await startFakeModel({
    port: Number(values.port ?? 0),
    chunkDelayMs: Number(values["chunk-delay"] ?? 0),
    ...(values.log && { log: (entry) => appendFileSync(values.log, `${JSON.stringify(entry)}\n`) }),
  });
  console.log(JSON.stringify({ port, pid: process.pid }));
}
