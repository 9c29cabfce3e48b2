// The recorded answers of RabbitMQ 3.10.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answered } from './scenario.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The file with the answers, in the sources. */
export const recordedFile: string = join(root, 'tests', 'management', 'rabbitmq-3.10.json');

/** The answers by request. */
export function recordedAnswers(): Readonly<Record<string, Answered>> {
  return JSON.parse(readFileSync(recordedFile, 'utf8')) as Record<string, Answered>; // see record.ts
}
