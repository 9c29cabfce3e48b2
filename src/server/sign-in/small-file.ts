// Small files that options of the command line name.

import { open } from 'node:fs/promises';
import { ServerError } from '../errors.ts';

/** Maximum size of a file, bytes. */
const fileBytesMax = 1024 * 1024;

/**
 * Reads a text file.
 *
 * @param option the option that names it, for messages
 * @throws {ServerError} `setting-invalid` if it cannot be read or is larger than 1 MiB
 */
export async function readSmallFile(option: string, file: string): Promise<string> {
  const opened = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw invalid(option, `${file} cannot be opened (${error.code})`);
  });
  try {
    const { size } = await opened.stat();
    if (size > fileBytesMax) {
      throw invalid(option, `${file} has ${size} bytes; the maximum is ${fileBytesMax}`);
    }
    return await opened.readFile('utf8');
  } finally {
    await opened.close();
  }
}

/**
 * Reads certificates.
 *
 * @throws {ServerError} `setting-invalid`, even if the file has no certificate
 */
export async function readAuthorities(option: string, file: string): Promise<string> {
  const text = await readSmallFile(option, file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw invalid(option, `${file} has no certificate in PEM`);
}

function invalid(option: string, problem: string): ServerError {
  return new ServerError('setting-invalid', `${option}: ${problem}`);
}
