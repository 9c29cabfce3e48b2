// Paths and queries of requests.

import { decodeSegment } from '../addresses.ts';
import { RequestError } from './response.ts';

/** Maximum length of a path with its query, in characters. */
const lengthMax = 8192;

/** A parsed target of a request. */
export interface Path {
  /** The segments as they were sent. */
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

/** @throws {RequestError} `400` */
export function parsePath(target: string): Path {
  if (target.length > lengthMax) {
    const found = `a path of ${target.length} characters`;
    throw new RequestError('400', `${found} is longer than ${lengthMax}`);
  }
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const [first, ...segments] = path.split('/');
  if (first !== '')
    throw new RequestError('400', `failed to normalize URI '${target.slice(0, 200)}'`);
  return { segments, query: at < 0 ? new Map() : parseQuery(target.slice(at + 1)) };
}

function parseQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const field of text.split('&')) {
    const [name = '', ...rest] = field.split('=');
    query.set(decoded(name), decoded(rest.join('=')));
  }
  return query;
}

function decoded(text: string): string {
  const found = decodeSegment(text.replaceAll('+', '%20'));
  if (found !== undefined) return found;
  throw new RequestError('400', `failed to dissect query '${text.slice(0, 200)}'`);
}

/** @throws {RequestError} `400` if a segment of a path is malformed */
export function nameOf(part: string | undefined): string {
  const found = part === undefined ? undefined : decodeSegment(part);
  if (found !== undefined) return found;
  throw new RequestError('400', `malformed percent-encoding in '${(part ?? '').slice(0, 200)}'`);
}
