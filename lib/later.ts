/**
 * What `build` makes, made when it is first looked at: a program that starts and is asked for its health alone builds no
 * schema of a run. What is registered by identity, as `meta` of a schema is, must be registered inside.
 */
export function later<Value extends object>(build: () => Value): Value {
  let built: Value | undefined;
  const value = (): Value => (built ??= build());
  return new Proxy({} as Value, {
    get: (_, name) => Reflect.get(value(), name),
    has: (_, name) => name in value(),
    getPrototypeOf: () => Reflect.getPrototypeOf(value()),
  });
}
