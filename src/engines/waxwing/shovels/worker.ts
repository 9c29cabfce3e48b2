// The main module of the thread of a broker's shovels.

import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import { systemClock } from '../../../base/clock.ts';
import { systemRandom } from '../../../base/random.ts';
import type { ShovelThreadData } from '../../../transfer/shovels/messages.ts';
import { ShovelThread } from '../../../transfer/shovels/shovel-thread.ts';

assert(parentPort !== null, 'this module runs in a thread of a broker process');
new ShovelThread(parentPort, workerData as ShovelThreadData, systemClock, systemRandom);
