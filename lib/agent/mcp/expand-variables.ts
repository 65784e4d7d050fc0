/** Puts variables in place of `${NAME}` and `${NAME:-default}`. @throws Error naming an unset one without a default */
export function expandVariables(
  values: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expanded(value, env)]));
}

function expanded(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\{([^{}]*)\}/g, (whole, inner: string) => {
    const mark = inner.indexOf(":-");
    const name = mark < 0 ? inner : inner.slice(0, mark);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return whole;
    const value = env[name] || (mark < 0 ? undefined : inner.slice(mark + 2));
    if (value === undefined) throw new Error(`the variable ${name} is not set`);
    return value;
  });
}
