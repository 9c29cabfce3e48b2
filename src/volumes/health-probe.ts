// A check that a mounted volume can be read and written.

import { runProgram } from '../base/programs/run-program.ts';

/** Time for a check, milliseconds. */
const timeoutMs = 2000;

// In another process, because a frozen file system holds up whoever uses it. `..` is the folder
// above the mountpoint. A volume stays mounted while it is the current folder: without one, the superuser would
// write to the folder below it.
const script = `
set -e
cd "$1"
if [ "$(stat -c %d .)" = "$(stat -c %d ..)" ]; then echo unmounted; exit; fi
stat -f . > /dev/null
printf x | dd of=.waxwing-probe bs=1 count=1 conv=fsync 2> /dev/null
rm -- .waxwing-probe
`;

/** Checks one volume, with at most one process. */
export class HealthProbe {
  readonly #mountpoint: string;
  /** Whether a killed process of an earlier check still waits for the file system. */
  #isHeldUp = false;

  constructor(mountpoint: string) {
    this.#mountpoint = mountpoint;
  }

  /**
   * Reads the size of the file system, and writes, syncs and removes a file of one byte, within 2 s.
   *
   * @returns what is wrong; undefined if the volume is usable
   */
  async problem(): Promise<string | undefined> {
    if (this.#isHeldUp) return 'it has not answered since an earlier check';
    const args = ['-c', script, 'probe', this.#mountpoint];
    const { code, output, errors, gone } = await runProgram('/bin/sh', args, { timeoutMs });
    if (code === 'timed-out') {
      this.#isHeldUp = true;
      void gone.then(() => {
        this.#isHeldUp = false;
      });
      return `it did not answer within ${timeoutMs} ms`;
    }
    if (code !== 0) return errors === '' ? `writing to it failed (${code})` : errors;
    return output === '' ? undefined : 'nothing is mounted';
  }
}
