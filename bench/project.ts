// The project folder.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project folder; this file runs from dist/bench. */
export const projectFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
