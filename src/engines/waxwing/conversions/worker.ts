// The main module of the thread that converts large messages.

import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import type { ThreadRequest } from '../../../broker/conversion/large-conversions.ts';
import { convertIn } from './convert.ts';
import { formatsOf } from './formats.ts';
import type { ConversionThreadData, FromConversions } from './messages.ts';

assert(parentPort !== null, 'this module runs in a thread of a broker process');
const port = parentPort;
const formats = formatsOf(workerData as ConversionThreadData);

port.on('message', (request: ThreadRequest) => {
  try {
    const result = convertIn(formats, request);
    port.postMessage({ result } satisfies FromConversions, [result.bytes]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    port.postMessage({ why } satisfies FromConversions);
  }
});
