// The file with names of persons, which an operator may provide.

import { open } from 'node:fs/promises';
import { personNameLimits, problemOfName } from '../../sensitive-data/person-names.ts';
import { ServerError } from '../errors.ts';

/** Maximum size of the file, bytes. */
const fileBytesMax = 1024 * 1024;

/**
 * Reads a file with one name of a person per line. Empty lines, and lines that begin with `#`, are
 * ignored.
 *
 * @throws {ServerError} `setting-invalid`, even if the file cannot be read. No name is repeated.
 */
export async function readPersonNames(file: string): Promise<string[]> {
  const names = (await textOf(file))
    .split('\n')
    .map((line, i) => ({ name: line.trim(), line: i + 1 }))
    .filter(({ name }) => name !== '' && !name.startsWith('#'));
  const { countMax } = personNameLimits;
  if (names.length > countMax) {
    throw invalid(file, `has ${names.length} names; the maximum is ${countMax}`);
  }
  for (const { name, line } of names) {
    const problem = problemOfName(name);
    if (problem !== undefined) throw invalid(file, `line ${line} has ${problem}`);
  }
  return names.map(({ name }) => name);
}

async function textOf(file: string): Promise<string> {
  const opened = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw invalid(file, `cannot be opened (${error.code})`);
  });
  try {
    const { size } = await opened.stat();
    if (size > fileBytesMax) {
      throw invalid(file, `has ${size} bytes; the maximum is ${fileBytesMax}`);
    }
    return await opened.readFile('utf8');
  } finally {
    await opened.close();
  }
}

function invalid(file: string, problem: string): ServerError {
  return new ServerError('setting-invalid', `--person-names: ${file} ${problem}`);
}
