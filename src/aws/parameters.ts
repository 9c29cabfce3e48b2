import type { HttpRequest } from '../net/http/message.ts';
import { decoded } from '../net/http/percent-encoding.ts';
import { RequestError } from './errors.ts';

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

/** The form of a request of the `query` wire: its query string and its body. */
export function formOf(request: HttpRequest): Map<string, string> {
  const body = request.method === 'POST' ? request.body.toString('utf8') : '';
  return new Map([...pairsOf(request.rawQuery, true), ...pairsOf(body, true)]);
}
