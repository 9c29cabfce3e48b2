// Text of others on a terminal.

/** Replaces control characters, which must not reach the terminal: names may contain any. */
export function printable(text: string): string {
  return text.replace(/[\p{C}]/gu, '?');
}
