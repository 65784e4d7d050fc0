/** JSON members that reach for a prototype in whoever merges them. */
export const pollutionMembers: readonly string[] = [
  `"__proto__":{"polluted":1}`,
  `"__proto__":null`,
  `"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":1}`,
  `"constructor":{"prototype":{"polluted":1}}`,
  `"prototype":{"polluted":1}`,
  `"metadata":{"__proto__":"x"}`,
  `"metadata":{"constructor":"x"}`,
  `"env":{"__proto__":"x"}`,
  `"budget":{"__proto__":{"polluted":1}}`,
  `"a":[{"__proto__":{"polluted":1}}]`,
  `"toString":1`,
  `"hasOwnProperty":1,"valueOf":1`,
];

/** The same in a query, or as a header. */
export const pollutionQueries: readonly string[] = [
  "__proto__=1",
  "__proto__[polluted]=1",
  "__proto__.polluted=1",
  "constructor=1",
  "constructor[prototype][polluted]=1",
  "constructor.prototype.polluted=1",
  "%5F%5Fproto%5F%5F=1",
  "a=1&__proto__=2&__proto__=3",
  "toString=1",
  "hasOwnProperty=1",
  "label[__proto__]=1",
  "prototype=1",
];

/** True when somebody got through to the prototype of all objects. */
export function isPolluted(): boolean {
  return "polluted" in {} || Object.getOwnPropertyNames(Object.prototype).length !== ownNames;
}

const ownNames = Object.getOwnPropertyNames(Object.prototype).length;
