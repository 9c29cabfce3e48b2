// Splits query strings and forms into parameters, and limits their number.

import type { HttpRequest } from '../net/http/message.ts';
import { decoded } from '../net/http/percent-encoding.ts';
import { RequestError } from './errors.ts';

/** Maximum number of parameters in a query string or form. */
export const parameterCountMax = 1000;

/** The decoded name and value of a query or form parameter. */
export type Pair = readonly [name: string, value: string];

/**
 * Splits a query string into parameters. Parts with invalid encoding are left as they are.
 *
 * @param isForm whether a plus sign stands for a space, as in forms
 * @throws {RequestError} `unreadable` if there are more than {@link parameterCountMax}
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

/** Counts the parameters before they are split: a body of 1 MiB could hold half a million. */
function checkParameterCount(raw: string): void {
  let count = 1;
  for (let at = raw.indexOf('&'); at >= 0; at = raw.indexOf('&', at + 1)) {
    count += 1;
    if (count <= parameterCountMax) continue;
    const text = `The request has more than ${parameterCountMax} parameters, the maximum allowed`;
    throw new RequestError('unreadable', text);
  }
}

/** The parameters of a request on the `query` wire, from its query string and its body. */
export function formOf(request: HttpRequest): Map<string, string> {
  const body = request.method === 'POST' ? request.body.toString('utf8') : '';
  return new Map([...pairsOf(request.rawQuery, true), ...pairsOf(body, true)]);
}
