// The time format of audit events.

/** Formats a time as in the audit trail: UTC, whole seconds, `YYYY-MM-DDTHH:MM:SSZ`. */
export function eventTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
