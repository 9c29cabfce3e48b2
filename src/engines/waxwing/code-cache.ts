import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/**
 * Where Node keeps the compiled code of the bundles, beside them: compiling is a large part of a
 * start. Node before 22.8 has no such cache.
 */
export const codeCacheFolder = join(packageFolder, 'dist', '.cache');
