// Loads the bundle of a program, with the code that V8 compiled for an earlier start. Compilation is
// otherwise the largest part of a start (decision 0106).

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
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

/** The length of the checksum at the end of the file. */
const checksumBytes = 4;

/** V8 checks no more than the beginning of compiled code, and crashes or misbehaves if the rest is damaged. */
function checksumOf(code: Buffer): Buffer {
  const bytes = Buffer.alloc(checksumBytes);
  bytes.writeUInt32LE(crc32(code));
  return bytes;
}

/** Returns the compiled code of an earlier start, or undefined if there is none or it is damaged. */
function compiledCode(cacheFile: string): Buffer | undefined {
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
function write(cacheFile: string, code: Buffer): void {
  mkdirSync(cacheFolder, { recursive: true });
  const newFile = `${cacheFile}.${process.pid}`;
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

/** Removes the files that other processes did not complete, because they were killed. */
function removeRemains(): void {
  for (const name of readdirSync(cacheFolder)) {
    const [, id] = /\.(\d+)$/.exec(name) ?? [];
    if (id !== undefined && !isRunning(Number(id))) rmSync(join(cacheFolder, name));
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Scripts whose code was compiled by this process, by the files in which it can be kept; undefined once
 * that was done, so that later ones are not held in memory.
 */
let compiled: Map<string, Script> | undefined = new Map();

/** Keeps compiled code if that is possible: the folder of the program may be read-only, for example. */
function keep(): void {
  for (const [cacheFile, script] of compiled ?? []) {
    try {
      write(cacheFile, script.createCachedData());
    } catch {
      // The next start compiles again.
    }
  }
  compiled = undefined;
  try {
    removeRemains();
  } catch {
    // The next start tries it again.
  }
}

/** Compiles a script, or takes its kept code. */
function scriptOf(text: string, filename: string, cacheName: string): Script {
  const cacheFile = join(cacheFolder, cacheName);
  const cachedData = compiledCode(cacheFile);
  const script = new Script(text, { filename, cachedData });
  if (cachedData === undefined || script.cachedDataRejected === true) {
    compiled?.set(cacheFile, script);
  }
  return script;
}

/** The libraries that are files of their own, and were loaded. */
const libraries = new Map<string, unknown>();

/** Loads such a library, in the way of Node's `require`. */
function loadLibrary(path: string): unknown {
  if (libraries.has(path)) return libraries.get(path);
  const bytes = readFileSync(path);
  const text = `(function(exports,require,module,__filename,__dirname){${bytes.toString('latin1')}\n})`;
  // Each program has a file of its own: V8 accepts compiled code only under the flags that made it.
  const checksum = crc32(bytes).toString(16).padStart(8, '0');
  const cacheName = `${basename(path, '.cjs')}-${PROGRAM}-${checksum}`;
  const run = scriptOf(text, path, cacheName).runInThisContext() as (...values: unknown[]) => void;
  const module = { exports: {} };
  run(module.exports, createRequire(path), module, path, dirname(path));
  libraries.set(path, module.exports);
  return module.exports;
}

/**
 * Runs the bundle of this program and returns what it exports.
 *
 * @param start a name for starts that run other code than most: their code is kept in a file of its own
 */
export function loadProgram(start?: string): unknown {
  // The bundler escapes all characters beyond ASCII, and has made a function of the script. Decoding
  // as UTF-8 takes longer.
  const source = readFileSync(file, 'latin1');
  // The space makes V8 copy the text of a broker into its heap, which takes some milliseconds. With a
  // text outside of it, a broker handled half as many messages after it had been idle (decision 0128).
  const text = PROGRAM === 'broker' ? ` ${source}` : source;
  const name = start === undefined ? PROGRAM : `${PROGRAM}-${start}`;
  const script = scriptOf(text, file, `${name}-${BUILD}`);
  Object.defineProperty(globalThis, keepCompiledCodeName, { value: keep, configurable: true });
  const require = createRequire(file);
  // Node's own modules are found without the search for packages, which takes longer.
  const load = (name: string) => {
    if (name.startsWith('./libraries/')) return loadLibrary(join(folder, name));
    return process.getBuiltinModule(name) ?? require(name);
  };
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(load, module, module.exports, file, folder, pathToFileURL(file).href);
  return module.exports;
}
