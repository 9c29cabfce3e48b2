// JSON that people write. It is checked, and sent as it was written, so that large numbers stay exact.

/**
 * Checks that a text is a JSON object.
 *
 * @param what what it is, for the error
 * @returns the text, or that of an empty object
 * @throws {Error} for people
 */
export function objectText(what: string, text: string): string {
  if (text.trim() === '') return '{}';
  const value = parsed(what, text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  throw new Error(`${what} must be a JSON object, such as {"key": 1}.`);
}

/**
 * Checks that a text is a JSON object, and adds a member. It comes first: among two members with the
 * same name, the last one counts, which is that of the text.
 *
 * @param what what the text is, for the error
 * @throws {Error} for people
 */
export function extendedText(
  what: string,
  text: string,
  [name, value]: readonly [string, string | number],
): string {
  const given = objectText(what, text).trim();
  const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return /^\{\s*\}$/.test(given) ? `{${member}}` : `{${member},${given.slice(1)}`;
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${what} is not JSON: ${why}`);
  }
}

/**
 * Writes a JSON object.
 *
 * @param members its members; undefined ones are left out
 * @param texts further members whose values are JSON already
 */
export function jsonText(
  members: Readonly<Record<string, unknown>>,
  texts: Readonly<Record<string, string>>,
): string {
  const written = [
    ...Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)] as const),
    ...Object.entries(texts),
  ].filter(([, text]) => text !== undefined);
  return `{${written.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}
