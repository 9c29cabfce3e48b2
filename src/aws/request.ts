/** A request as the front door sees it, whichever way it came. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. */
  readonly rawPath: string;
  /** What follows the `?` as sent; empty where nothing does. */
  readonly rawQuery: string;
  /** Names in lower case; values of repeated headers joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The peer's IP address. */
  readonly peerAddress: string;
  readonly tls?: { readonly version: string; readonly cipher: string };
}

/** An answer before it is written to a socket. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One name and value of a query string or form, decoded. */
export type Pair = readonly [name: string, value: string];

/**
 * Splits a query string; what is not well encoded stays as it is, so that splitting never fails.
 *
 * @param isForm in forms a plus is a space
 */
export function pairsOf(raw: string, isForm: boolean): Pair[] {
  if (raw === '') return [];
  return raw
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const text = isForm ? part.replaceAll('+', ' ') : part;
      const equals = text.indexOf('=');
      if (equals < 0) return [decoded(text), ''] as const;
      return [decoded(text.slice(0, equals)), decoded(text.slice(equals + 1))] as const;
    });
}

/** Percent-decodes a text, or gives it back where it is not well encoded. */
export function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Percent-encodes all but letters, digits and `-_.~`, in upper-case hex (RFC 3986). */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
