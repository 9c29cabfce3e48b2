// The cache of compiled code.

import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/**
 * The folder in which Node caches compiled code. Compilation is a large part of the start. Node
 * before 22.8 has no such cache.
 */
export const codeCacheFolder = join(packageFolder, 'dist', '.cache');
