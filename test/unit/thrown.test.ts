import { describe, expect, it } from "vitest";
import { AnodeError } from "../../lib/errors.js";
import { isObject } from "../../lib/plain-object.js";
import { codeOf, isMissingPackage, messageOf } from "../../lib/thrown.js";

const coded = (code: unknown): Error => Object.assign(new Error("failed"), { code });
const hostile = {
  toString(): string {
    throw new Error("looked at");
  },
};

describe("what was thrown", () => {
  it("tells the message of an error, the text of anything else, and nothing of what does not let itself be looked at", () => {
    expect(messageOf(new TypeError("wrong"))).toBe("wrong");
    expect([messageOf("text"), messageOf(7), messageOf(undefined)]).toEqual(["text", "7", "undefined"]);
    expect([messageOf(hostile), messageOf(Object.create(null))]).toEqual(["", ""]);
  });

  it("tells the code of a failed call and of an error of ours, and none that is a number or no error's", () => {
    expect([codeOf(coded("ENOENT")), codeOf(new AnodeError("not_found", "No."))]).toEqual(["ENOENT", "not_found"]);
    for (const thrown of [coded(20), new Error("plain"), { code: "ENOENT" }, null, undefined]) expect(codeOf(thrown)).toBeUndefined();
  });

  it("knows a package that is not installed in both ways of loading", () => {
    expect([coded("ERR_MODULE_NOT_FOUND"), coded("MODULE_NOT_FOUND"), coded("ENOENT")].map(isMissingPackage)).toEqual([true, true, false]);
  });
});

it("isObject takes neither null nor a list for an object", () => {
  expect([{}, { a: 1 }, null, [], "text", undefined].map(isObject)).toEqual([true, true, false, false, false, false]);
});
