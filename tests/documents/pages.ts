// The pages for users: their snippets are run.

import { join } from 'node:path';
import { pagesIn } from './markdown.ts';

/** Their paths, sorted. */
export const userPages: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'monitoring/README.md',
  ...['start', 'guides', 'operate', 'security', 'reference'].flatMap((name) =>
    pagesIn(join('docs', name)),
  ),
].sort();
