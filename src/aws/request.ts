import { RequestError } from './errors.ts';

/** A request without its body: all that is known of it before the body is read. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. */
  readonly rawPath: string;
  /** What follows the `?` as sent; empty where nothing does. */
  readonly rawQuery: string;
  /** Names in lower case; values of repeated headers joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The peer's IP address. */
  readonly peerAddress: string;
  readonly tls?: { readonly version: string; readonly cipher: string };
}

/** A request as the front door sees it, whichever way it came. */
export interface HttpRequest extends RequestHead {
  readonly body: Buffer;
}

/** An answer before it is written to a socket. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Parameters that a query string or a form may have. */
export const parameterCountMax = 1000;

/** One name and value of a query string or form, decoded. */
export type Pair = readonly [name: string, value: string];

/**
 * Splits a query string; what is not well encoded stays as it is.
 *
 * @param isForm in forms a plus is a space
 * @throws {RequestError} `unreadable` where there are more than {@link parameterCountMax}
 */
export function pairsOf(raw: string, isForm: boolean): Pair[] {
  if (raw === '') return [];
  checkParameterCount(raw);
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

/** Counts before anything is split: a body of a mebibyte could have half a million parameters. */
function checkParameterCount(raw: string): void {
  let count = 1;
  for (let at = raw.indexOf('&'); at >= 0; at = raw.indexOf('&', at + 1)) {
    count += 1;
    if (count <= parameterCountMax) continue;
    const text = `The request has more parameters than the ${parameterCountMax} allowed`;
    throw new RequestError('unreadable', text);
  }
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
