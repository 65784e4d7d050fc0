// Starts runs over HTTP and follows them, as a user's client does.
import { request } from "node:http";

/** Starts a run and answers its id. */
export async function startRun(socketPath, body) {
  const answer = await send(socketPath, { method: "POST", path: "/runs", headers: { "content-type": "application/json" } }, body);
  let text = "";
  for await (const chunk of answer) text += chunk;
  if (answer.statusCode !== 201) throw new Error(`unexpected answer ${answer.statusCode}: ${text.slice(0, 300)}`);
  return JSON.parse(text).run_id;
}

/** The events and previews of a run, to its end. */
export async function* followRun(socketPath, id) {
  const path = `/runs/${id}/events?previews=true`;
  const answer = await send(socketPath, { path, headers: { accept: "application/x-ndjson" } });
  let rest = "";
  for await (const chunk of answer) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line);
  }
}

function send(socketPath, options, body) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, ...options, headers: { host: "localhost", ...options.headers } }, (answer) =>
      resolve(answer.setEncoding("utf8")),
    );
    call.on("error", reject);
    call.end(body && JSON.stringify(body));
  });
}
