// A small file system.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const block = Buffer.alloc(64 * 1024);

/** A small real file system: ext4 on a file, or in memory if that is not possible. */
export class SmallDisk {
  readonly folder: string;
  readonly #place: string;

  private constructor(place: string) {
    this.#place = place;
    this.folder = join(place, 'disk');
  }

  /**
   * @param parent the folder for its files
   * @returns why none can be had here, where that is so
   */
  static mount(sizeMib: number, parent = tmpdir()): SmallDisk | string {
    const disk = new SmallDisk(mkdtempSync(join(parent, 'waxwing-disk-')));
    const { folder } = disk;
    const image = join(disk.#place, 'image');
    try {
      run('mkdir', folder);
      try {
        run('truncate', '-s', `${sizeMib}M`, image);
        run('mkfs.ext4', '-q', '-m', '0', image);
        run('mount', '-o', 'loop', image, folder);
      } catch {
        run('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=700`, 'none', folder);
      }
      return disk;
    } catch {
      rmSync(disk.#place, { recursive: true });
      return 'no file system can be mounted here: that is for root, and not in every container';
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Fills what is free with a file. */
  fill(): void {
    const file = openSync(join(this.folder, 'ballast'), 'a');
    try {
      for (let size = block.length; size >= 512; ) {
        try {
          writeSync(file, block, 0, size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          size /= 2;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Takes away what {@link fill} has made. */
  free(): void {
    rmSync(join(this.folder, 'ballast'), { force: true });
  }

  remove(): void {
    run('umount', this.folder);
    rmSync(this.#place, { recursive: true });
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}
