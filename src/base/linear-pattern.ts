// Regular expressions whose matches take time in proportion to the text, over re2js.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RE2JS } from 're2js';
import { packageFolder } from './package-folder.ts';

let library: typeof RE2JS | undefined;

/** Loads the library when the first pattern needs it. */
function loaded(): typeof RE2JS {
  if (library === undefined) {
    const require = createRequire(join(packageFolder, 'package.json'));
    library = (require('re2js') as { RE2JS: typeof RE2JS }).RE2JS; // what the package exports
  }
  return library;
}

/**
 * Compiles a regular expression in the syntax of RE2. The caller bounds the length of the text and
 * {@link RE2JS.programSize}, the number of steps of a match per character.
 *
 * @throws {Error} with the reason if the text is not supported
 */
export function compileLinear(text: string): RE2JS {
  try {
    return loaded().compile(text);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^error parsing regexp: /, '');
    throw new Error(why, { cause });
  }
}
