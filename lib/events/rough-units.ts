/** About how long the JSON of a value is, in UTF-16 units before escapes: for bounds, without encoding it. */
export function roughUnits(value: unknown): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value !== "object" || value === null) return 24;
  let units = 2;
  if (Array.isArray(value)) for (const item of value) units += roughUnits(item) + 1;
  else for (const key in value) units += key.length + 4 + roughUnits(value[key as keyof typeof value]);
  return units;
}
