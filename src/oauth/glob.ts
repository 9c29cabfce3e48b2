// Patterns in scopes.

/**
 * A pattern in which `*` stands for any text. All other characters can be percent-encoded, and stand for
 * themselves.
 */
export class Glob {
  /** The texts between the wildcards. */
  readonly #parts: readonly string[];

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** @returns undefined if the encoding is malformed */
  static parse(text: string): Glob | undefined {
    try {
      return new Glob(text.split('*').map(decoded));
    } catch (error) {
      if (error instanceof URIError) return undefined;
      throw error;
    }
  }

  /** Whether the pattern matches a whole text. Takes time in proportion to both. */
  matches(text: string): boolean {
    const [first = '', ...rest] = this.#parts;
    const last = rest.pop();
    if (last === undefined) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  }
}

/** Decodes as in queries: `+` is a blank. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Encodes a text so that it matches itself in a pattern. */
export function literal(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('*', '%2A');
}
