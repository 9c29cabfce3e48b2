import { RequestError } from './errors.ts';

/** Levels of nesting that a body may have; what services take has fewer than ten. */
const depthMax = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a body as JSON; an empty one is an empty object.
 *
 * @throws {RequestError} `unreadable`
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  // Looked at before parsing: whatever walks the value later may then use recursion.
  if (depthOf(body) > depthMax) {
    throw unreadable(`nested deeper than the ${depthMax} levels allowed`);
  }
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    // The parser's own message would repeat parts of the body, which may be secret.
    throw unreadable(error instanceof SyntaxError ? 'not JSON' : 'not UTF-8', error);
  }
}

function unreadable(what: string, cause?: unknown): RequestError {
  return new RequestError('unreadable', `The body of the request is ${what}`, { cause });
}

const quote = 0x22;
const backslash = 0x5c;

function depthOf(body: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === quote) isText = !isText;
    else if (isText) at += byte === backslash ? 1 : 0;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}
