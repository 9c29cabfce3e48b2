// Percent-encoding of paths and queries.

/** Percent-decodes text. Text with invalid encoding is returned unchanged. */
export function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/**
 * Percent-encodes everything except letters, digits and `-_.~`, with upper-case digits (RFC 3986).
 */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
