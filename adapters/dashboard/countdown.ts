/** The time until a deadline as people read it; `0:00` when it is over. */
export function countdown(deadline: string, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(deadline) - nowMs) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Whether so little time is left that it should be seen. */
export function isUrgent(deadline: string, nowMs: number): boolean {
  return Date.parse(deadline) - nowMs < 60_000;
}
