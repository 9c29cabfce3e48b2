import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/**
 * Where Node keeps what it made of the compiled sources, beside them: loading them is most of a
 * start. Node before 22.8 knows no such folder.
 */
export const codeCacheFolder = join(packageFolder, 'dist', '.cache');
