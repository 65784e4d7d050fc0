import { measureRequests } from "../../lib/request-measures.mjs";
import { sampleEvent } from "../../lib/sample-event.mjs";
import { messageOf } from "./a2a-agent.mjs";

const connections = 64;
const text = "x".repeat(100);

/** Processor time and rate of a server under requests over 64 connections. */
export function measureStarts({ program, path }, requests, request) {
  return measureRequests(program, { path, connections, requests, request });
}

/** A new stream of Durable Streams. */
export async function streamOf({ program }) {
  const { name } = await program.call("openStream");
  return name;
}

/** The text of a request that appends one event; all go to one stream, so that those on disk can share their flush. */
export function appendRequest(stream) {
  const body = JSON.stringify(sampleEvent(1));
  const request = post(stream, body);
  return () => request;
}

/** The text of a request that starts one task. */
export function sendRequest() {
  return post("/message:send", JSON.stringify({ message: messageOf(text) }));
}

function post(target, body) {
  return `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
