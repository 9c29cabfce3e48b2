// The anchor: a second machine that keeps the state of the trail, or a time stamp server.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TrailHead } from '../../audit/trails/trail-head.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { AnchorType } from '../settings.ts';
import { checkTimeStampReply, timeStampQuery, timeStampTypes } from './time-stamp.ts';

/** Maximum time without data from the other machine, milliseconds. */
const timeoutMs = 10_000;
/** Time after which a failed attempt is repeated, milliseconds. */
const retryMs = 60_000;
/** Maximum size of an answer, bytes. Time stamps have some kilobytes. */
const answerBytesMax = 64 * 1024;

/** A time stamp of a state of the trail. */
export interface StampedHead {
  /** The state, a JSON object. */
  readonly head: string;
  /** Its SHA-256. */
  readonly hash: Buffer;
  /** The TimeStampResp, DER. */
  readonly reply: Buffer;
}

/** The parts that the anchor needs. */
export interface AnchorParts {
  readonly url: URL;
  readonly type: AnchorType;
  /** File with the authorities of the other machine's certificate, PEM; undefined for public ones. */
  readonly authoritiesFile: string | undefined;
  readonly head: () => TrailHead;
  readonly clock: Clock;
  readonly random: Random;
  /** Stores a time stamp. Resolves once it is on disk. */
  readonly stamped: (stamp: StampedHead) => Promise<void>;
  /** Called for each failed attempt. */
  readonly failed: (error: unknown) => void;
}

/**
 * Posts the state of the trail to a second machine after each digest, or has it time-stamped. A
 * failure is reported and counted, and the attempt is repeated; calls never wait for it.
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
    const { type, head, clock, failed } = this.#parts;
    const text = JSON.stringify(head());
    const attempt = type === 'json' ? this.#keep(text) : this.#stamp(text);
    attempt
      .then(() => {
        this.postedMs = clock.nowMs();
      })
      .catch((error: unknown) => {
        this.failureCount++;
        this.#isWanted = true;
        this.#retryAtMs = clock.nowMs() + retryMs;
        failed(error);
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #keep(head: string): Promise<void> {
    await this.#post('application/json', Buffer.from(head));
  }

  async #stamp(head: string): Promise<void> {
    const hash = createHash('sha256').update(head).digest();
    const nonce = this.#parts.random.bytes(8);
    nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x01;
    const reply = await this.#post(timeStampTypes.query, timeStampQuery(hash, nonce));
    checkTimeStampReply(reply, hash, nonce);
    await this.#parts.stamped({ head, hash, reply });
  }

  /** @returns the body of the answer */
  async #post(type: string, body: Buffer): Promise<Buffer> {
    const { url, authoritiesFile } = this.#parts;
    const ca = authoritiesFile === undefined ? undefined : await readFile(authoritiesFile, 'utf8');
    const headers = { 'content-type': type, 'content-length': body.length };
    const options = { method: 'POST', headers, timeout: timeoutMs, ...(ca && { ca }) };
    const request = url.protocol === 'http:' ? requestHttp : requestHttps;
    return new Promise((resolve, reject) => {
      const sent = request(url, options, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > answerBytesMax) sent.destroy(new Error('the answer is too long'));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) resolve(Buffer.concat(parts));
          else reject(new Error(`${url.host} answered with status ${statusCode}`));
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no data for ${timeoutMs / 1000} seconds`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
