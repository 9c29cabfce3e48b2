// Small files that options of the command line name.

import { type FileHandle, open, opendir } from 'node:fs/promises';
import { resolve } from 'node:path';
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
    if (size > fileBytesMax) throw tooLarge(option, file, `${size} bytes`);
    const bytes = await beginningOf(opened).catch((error: NodeJS.ErrnoException) => {
      throw invalid(option, `${file} cannot be read (${error.code})`);
    });
    // A pipe or a device does not say how much it has.
    if (bytes.length > fileBytesMax) throw tooLarge(option, file, 'more bytes');
    return bytes.toString('utf8');
  } finally {
    await opened.close();
  }
}

/** What a file has, up to one byte more than is permitted. */
async function beginningOf(file: FileHandle): Promise<Buffer> {
  const bytes = Buffer.alloc(fileBytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function tooLarge(option: string, file: string, found: string): ServerError {
  return invalid(option, `${file} has ${found}; the maximum is ${fileBytesMax}`);
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

/**
 * Requires that a folder can be listed, so that a wrong name is told at the start.
 *
 * @returns its absolute path
 * @throws {ServerError} `setting-invalid`
 */
export async function readableFolder(option: string, folder: string): Promise<string> {
  const opened = await opendir(folder).catch((error: NodeJS.ErrnoException) => {
    throw invalid(option, `the folder ${folder} cannot be read (${error.code})`);
  });
  await opened.close();
  return resolve(folder);
}

/**
 * Requires that a file has certificates now. It is read again when it is used, so that it can be replaced.
 *
 * @returns its absolute path
 * @throws {ServerError} `setting-invalid`
 */
export async function authoritiesFile(option: string, file: string): Promise<string> {
  await readAuthorities(option, file);
  return resolve(file);
}

function invalid(option: string, problem: string): ServerError {
  return new ServerError('setting-invalid', `${option}: ${problem}`);
}
