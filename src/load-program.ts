// Loads the bundle of a program, with the code that V8 compiled for an earlier start. Compilation is
// otherwise the largest part of a start (decision 0106).

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { keepCompiledCodeName } from './base/compiled-code.ts';

/** `waxwing` or `broker`: defined by the bundler. */
declare const PROGRAM: string;
/**
 * Identifies the contents of the bundle: defined by the bundler. V8 itself compares only the length of
 * the source.
 */
declare const BUILD: string;

const folder = import.meta.dirname;
const file = join(folder, `${PROGRAM}.cjs`);
const cacheFolder = join(folder, '..', '.cache');
const cacheFile = join(cacheFolder, `${PROGRAM}-${BUILD}`);

/** The length of the checksum at the end of the file. */
const checksumBytes = 4;

/** V8 checks no more than the beginning of compiled code, and crashes or misbehaves if the rest is damaged. */
function checksumOf(code: Buffer): Buffer {
  const bytes = Buffer.alloc(checksumBytes);
  bytes.writeUInt32LE(crc32(code));
  return bytes;
}

/** Returns the compiled code of an earlier start, or undefined if there is none or it is damaged. */
function compiledCode(): Buffer | undefined {
  let kept: Buffer;
  try {
    kept = readFileSync(cacheFile);
  } catch {
    return undefined; // Without it, the program is compiled.
  }
  const code = kept.subarray(0, Math.max(0, kept.length - checksumBytes));
  return checksumOf(code).equals(kept.subarray(code.length)) ? code : undefined;
}

/** Writes a file that appears under its name only when it is complete, even after a power failure. */
function write(code: Buffer): void {
  mkdirSync(cacheFolder, { recursive: true });
  const newFile = `${cacheFile}-${process.pid}`;
  const descriptor = openSync(newFile, 'w');
  try {
    writeFileSync(descriptor, code);
    writeFileSync(descriptor, checksumOf(code));
    fsyncSync(descriptor);
    renameSync(newFile, cacheFile);
  } catch {
    rmSync(newFile);
  } finally {
    closeSync(descriptor);
  }
}

/** Keeps compiled code if that is possible: the folder of the program may be read-only, for example. */
function keep(code: Buffer): void {
  try {
    write(code);
  } catch {
    // The next start compiles again.
  }
}

/** Runs the bundle of this program and returns what it exports. */
export function loadProgram(): unknown {
  // The bundler escapes all characters beyond ASCII, and has made a function of the script. Decoding
  // as UTF-8 takes longer.
  const source = readFileSync(file, 'latin1');
  const cachedData = compiledCode();
  // The space makes V8 copy the text of a broker into its heap, which takes some milliseconds. With a
  // text outside of it, a broker handled half as many messages after it had been idle (decision 0128).
  const text = PROGRAM === 'broker' ? ` ${source}` : source;
  const script = new Script(text, { filename: file, cachedData });
  if (cachedData === undefined || script.cachedDataRejected === true) {
    Object.defineProperty(globalThis, keepCompiledCodeName, {
      value: () => keep(script.createCachedData()),
      configurable: true,
    });
  }
  // Node's own modules are found without the search for packages, which takes longer.
  const load = (name: string) => process.getBuiltinModule(name) ?? createRequire(file)(name);
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(load, module, module.exports, file, folder, pathToFileURL(file).href);
  return module.exports;
}
