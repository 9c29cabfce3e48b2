// The anchor: a second machine that keeps the state of the trail.

import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { TrailHead } from '../../audit/trails/trail-head.ts';
import type { Clock } from '../../base/clock.ts';

/** Maximum time without data from the other machine, milliseconds. */
const timeoutMs = 10_000;
/** Time after which a failed attempt is repeated, milliseconds. */
const retryMs = 60_000;
/** Maximum size of an answer, which is not used, bytes. */
const answerBytesMax = 64 * 1024;

/** The parts that the anchor needs. */
export interface AnchorParts {
  readonly url: URL;
  /** File with the authorities of the other machine's certificate, PEM; undefined for public ones. */
  readonly authoritiesFile: string | undefined;
  readonly head: () => TrailHead;
  readonly clock: Clock;
  /** Called for each failed attempt. */
  readonly failed: (error: unknown) => void;
}

/**
 * Posts the state of the trail to a second machine after each digest. A failure is reported and
 * counted, and the attempt is repeated; calls never wait for it.
 */
export class Anchor {
  readonly #parts: AnchorParts;
  #isWanted = false;
  #isBusy = false;
  #retryAtMs = 0;
  /** The number of failed attempts since the start. */
  failureCount = 0;
  /** The time of the last success, milliseconds since 1970; 0 before the first. */
  postedMs = 0;

  constructor(parts: AnchorParts) {
    this.#parts = parts;
  }

  /** The state has changed. */
  changed(): void {
    this.#isWanted = true;
    this.#retryAtMs = 0;
  }

  /** Posts the state, if that is wanted. Call it every second. */
  tick(nowMs: number): void {
    if (!this.#isWanted || this.#isBusy || nowMs < this.#retryAtMs) return;
    this.#isBusy = true;
    this.#isWanted = false;
    this.#post()
      .then(() => {
        this.postedMs = this.#parts.clock.nowMs();
      })
      .catch((error: unknown) => {
        this.failureCount++;
        this.#isWanted = true;
        this.#retryAtMs = this.#parts.clock.nowMs() + retryMs;
        this.#parts.failed(error);
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #post(): Promise<void> {
    const { url, authoritiesFile, head } = this.#parts;
    const ca = authoritiesFile === undefined ? undefined : await readFile(authoritiesFile, 'utf8');
    const body = Buffer.from(JSON.stringify(head()));
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    await new Promise<void>((resolve, reject) => {
      const options = { method: 'POST', headers, timeout: timeoutMs, ...(ca && { ca }) };
      const sent = request(url, options, (response) => {
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > answerBytesMax) sent.destroy(new Error('the answer is too long'));
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`${url.host} answered with status ${statusCode}`));
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no data for ${timeoutMs / 1000} seconds`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
