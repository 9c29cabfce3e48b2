// Parses JSON bodies.

import { RequestError } from '../errors.ts';

/** Maximum nesting of a body. Real services have fewer than ten levels. */
const depthMax = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a JSON body. An empty body is an empty object.
 *
 * @throws {RequestError} `unreadable`
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  // The depth is checked before parsing, so that later code can use recursion safely.
  if (depthOf(body) > depthMax) {
    throw unreadable(`nested deeper than ${depthMax} levels, the maximum allowed`);
  }
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    // The parser's own message could repeat sensitive parts of the body.
    throw unreadable(error instanceof SyntaxError ? 'not JSON' : 'not UTF-8', error);
  }
}

function unreadable(what: string, cause?: unknown): RequestError {
  return new RequestError('unreadable', `The body of the request is ${what}`, { cause });
}

const quote = '"'.charCodeAt(0);
const backslash = '\\'.charCodeAt(0);

/** The change of the nesting depth by byte, outside of strings. */
const steps = new Int8Array(256);
for (const opening of '{[') steps[opening.charCodeAt(0)] = 1;
for (const closing of '}]') steps[closing.charCodeAt(0)] = -1;

function depthOf(body: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === quote) isText = !isText;
    else if (byte === backslash) at += 1;
    else if (!isText) {
      depth += steps[byte] ?? 0;
      deepest = Math.max(deepest, depth);
    }
  }
  return deepest;
}
