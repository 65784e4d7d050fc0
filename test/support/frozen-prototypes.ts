// Setup of tests: from here on whoever changes the prototype of all objects fails. An object may still have a member of its own
// under a name that is there, which assigning to a plainly frozen prototype's heir would refuse.
const shared = Object.prototype;

function keep(name: string | symbol): void {
  const { value } = Object.getOwnPropertyDescriptor(shared, name) ?? {};
  if (value === undefined) return;
  Object.defineProperty(shared, name, {
    get: () => value,
    set(own: unknown) {
      if (this === shared) throw new TypeError(`The prototype of all objects is frozen, ${String(name)} was assigned to it.`);
      Object.defineProperty(this, name, { value: own, configurable: true, enumerable: true, writable: true });
    },
  });
}

// Files of one process share it.
if (!Object.isFrozen(shared)) {
  for (const name of Reflect.ownKeys(shared)) keep(name);
  Object.freeze(shared);
}
