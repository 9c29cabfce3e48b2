// The thread that converts large messages.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageFolder } from '../../../base/package-folder.ts';
import type { ThreadRequest, ThreadResult } from '../../../broker/conversion/large-conversions.ts';
import type { ConversionThreadData, FromConversions } from './messages.ts';

/** The bundle of `worker.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'conversions.mjs');

/** Milliseconds after the last conversion until the thread ends. */
const idleMs = 10_000;
/**
 * Maximum size of the JavaScript heap of the thread, MiB. The largest conversion has a text of 100 MiB with
 * two bytes for each character, and twice the text that it becomes, of up to `jsonLengthMax` characters:
 * about 850 MiB. A single allocation that exceeds the heap by more than 16 MiB would end the process, and not
 * only the thread. Bytes are outside of it.
 */
const heapMibMax = 1536;

interface Waiting {
  readonly resolve: (result: ThreadResult) => void;
  readonly reject: (error: Error) => void;
}

/** Converts large messages in a thread, which exists only while it is needed. */
export class ConversionThread {
  readonly #data: ConversionThreadData;
  readonly #log: (level: 'error', text: string) => void;
  readonly #heapMib: number;
  #worker: Worker | undefined = undefined;
  /** The conversion in progress. */
  #waiting: Waiting | undefined = undefined;
  #idle: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  /** @param heapMib maximum size of its heap, MiB; tests use a small one */
  constructor(
    data: ConversionThreadData,
    log: (level: 'error', text: string) => void,
    heapMib: number = heapMibMax,
  ) {
    this.#data = data;
    this.#log = log;
    this.#heapMib = heapMib;
  }

  /**
   * Converts a message. The next one may be converted when this has ended.
   *
   * @returns rejected if the thread cannot convert it
   */
  convert(request: ThreadRequest): Promise<ThreadResult> {
    if (this.#isClosed) return Promise.reject(new Error('the broker closes'));
    clearTimeout(this.#idle);
    const worker = this.#worker ?? this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      worker.postMessage(request, [request.bytes]);
    });
  }

  #start(): Worker {
    const worker = new Worker(program, {
      workerData: this.#data,
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMib },
      // The options of the process are for the heap of the broker.
      execArgv: [],
    });
    this.#worker = worker;
    let why = 'it ended';
    worker.unref();
    worker.on('message', (answer: FromConversions) => this.#answered(answer));
    worker.on('error', (error) => {
      why = error.message;
    });
    worker.on('exit', () => this.#exited(worker, why));
    return worker;
  }

  #answered(answer: FromConversions): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#idle = setTimeout(() => void this.#end(), idleMs).unref();
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.why));
  }

  #exited(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const text = `the thread that converts large messages has failed: ${why}`;
    this.#log('error', text);
    this.#waiting?.reject(new Error(text));
    this.#waiting = undefined;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    clearTimeout(this.#idle);
    await worker?.terminate();
  }

  /** Ends the thread. A conversion in progress is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
    this.#waiting?.reject(new Error('the broker closes'));
    this.#waiting = undefined;
  }
}
