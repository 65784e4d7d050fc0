import { describe, expect, it } from "vitest";
import { createRouter } from "../../../adapters/http/router.js";
import { operations, row } from "./fixtures.js";

const router = createRouter(operations);
const nameOf = (method: string, path: string): string | undefined => router.find(method, path)?.operation.name;

describe("Router.find", () => {
  it.each([
    ["GET", "/runs", "runs.list"],
    ["POST", "/runs", "runs.start"],
    ["GET", "/runs/R-1_2", "runs.get"],
    ["DELETE", "/runs/R-1_2", "runs.cancel"],
    ["POST", "/runs/prune", "runs.prune"],
    ["GET", "/runs/prune", "runs.get"],
    ["HEAD", "/runs", "runs.list"],
    ["HEAD", "/runs/R-1/events", "runs.events"],
    ["GET", "/openapi.json", "openapi"],
    ["GET", "/ru%6es", "runs.list"],
    ["GET", "/Runs", undefined],
    ["GET", "/runs/", undefined],
    ["GET", "/runs//", undefined],
    ["GET", "//runs", undefined],
    ["GET", "/runs;x=1", undefined],
    ["GET", "/runs/a/b", undefined],
    ["PUT", "/runs", undefined],
    ["TRACE", "/runs", undefined],
    ["PROPFIND", "/runs", undefined],
    ["", "/runs", undefined],
    ["HEAD", "/runs/prune/x", undefined],
  ])("%s %s is %s", (method, path, name) => {
    expect(nameOf(method, path)).toBe(name);
  });

  it("gives decoded parameters", () => {
    expect({ ...router.find("GET", "/runs/a%3Ab%255")?.parameters }).toEqual({ id: "a:b%5" });
  });

  it.each([
    ["a".repeat(128), true],
    ["a".repeat(129), false],
  ])("bounds a parameter's length at 128: %#", (id, found) => {
    expect(router.find("GET", `/runs/${id}`) !== undefined).toBe(found);
  });

  it.each(["a%20b", "a%0Ab", "%C3%A9", "a%22", "%3Cb%3E", "a;b", "a,b", "(a)"])(
    "leaves it to the operation to say that %s names nothing",
    (id) => {
      expect(router.find("GET", `/runs/${id}`)?.parameters).toMatchObject({ id: decodeURIComponent(id) });
    },
  );

  it("reaches an operation by its aliases", () => {
    const aliased = createRouter([row({ name: "a", method: "GET", path: "/a/{id}", aliases: ["/b/{id}/c"] })]);
    expect(aliased.find("GET", "/b/1/c")?.operation.name).toBe("a");
  });
});

describe("Router.allowed", () => {
  it("names the methods of a path, HEAD with GET", () => {
    expect(router.allowed("/runs")).toEqual(["GET", "HEAD", "POST"]);
    expect(router.allowed("/runs/R-1")).toEqual(["GET", "HEAD", "DELETE"]);
    expect(router.allowed("/nowhere")).toEqual([]);
  });
});
