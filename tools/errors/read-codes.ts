// Error codes and their causes, from the doc comments of `errors.ts` files.

import { readFileSync } from 'node:fs';

/** A code of an error. */
export interface ErrorCode {
  readonly code: string;
  /** Why it happens: a sentence without a full stop, as the comment says it. */
  readonly cause: string;
}

const oneLine = (text: string) => text.replaceAll(/\s*\n\s*\* ?/g, ' ').trim();

/**
 * Reads the union of error codes in a file. The cause of a code is the comment above it, or its line
 * in the list above the union.
 *
 * @throws {Error} if a code has no cause
 */
export function readCodes(path: string): ErrorCode[] {
  const text = readFileSync(path, 'utf8');
  const [, list = '', union = ''] =
    /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\nexport type \w*ErrorCode =([^;]*);/.exec(text) ?? [];
  const listed = new Map<string, string>();
  for (const [, code = '', cause = ''] of list.matchAll(
    /\* - `([^`]+)`: ([\s\S]*?)(?=\n \* - |\n \*\/|\*\/)/g,
  )) {
    listed.set(code, oneLine(cause));
  }
  const codes = [...union.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*)?(?:\| )?'([^']+)'/g)];
  return codes.map(([, above, code = '']) => {
    const cause = above === undefined ? listed.get(code) : oneLine(above);
    if (cause === undefined) throw new Error(`${path}: '${code}' has no cause in a comment`);
    return { code, cause: cause.replace(/\.$/, '') };
  });
}
