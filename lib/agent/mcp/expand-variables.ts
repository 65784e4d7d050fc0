/** Puts variables in place of `${NAME}` and `${NAME:-default}`. @throws Error naming an unset one without a default */
export function expandVariables(
  values: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expanded(value, env)]));
}

function expanded(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (_, name: string, fallback: string | undefined) => {
    const value = env[name] || fallback;
    if (value === undefined) throw new Error(`the variable ${name} is not set`);
    return value;
  });
}
