// Parses and checks the time of a signature.

import { RequestError } from '../errors.ts';

/** Maximum difference between the caller's clock and ours, minutes. */
const skewMinutes = 5;
const minuteMs = 60_000;

const basicIso = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Formats a time as in signatures: `YYYYMMDDTHHMMSSZ`. */
export function signatureTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/**
 * Parses the time of a signature.
 *
 * @param text `YYYYMMDDTHHMMSSZ`, or an HTTP date (RFC 9110, 5.6.7)
 * @returns milliseconds since 1970; undefined if the text is neither
 */
export function readSignatureTime(text: string): number | undefined {
  const parts = basicIso.exec(text);
  if (!parts && !httpDate.test(text)) return undefined;
  const ms = Date.parse(parts ? text.replace(basicIso, '$1-$2-$3T$4:$5:$6Z') : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Checks that the time of a signature is close enough to now.
 *
 * @param expiresSeconds the validity of a presigned request, seconds; undefined for others
 * @throws {RequestError} `signature-mismatch`, which is also what AWS returns for a wrong clock
 */
export function checkSignatureTime(
  atMs: number,
  expiresSeconds: number | undefined,
  nowMs: number,
): void {
  const at = signatureTime(atMs);
  const now = signatureTime(nowMs);
  const skewMs = skewMinutes * minuteMs;
  if (atMs > nowMs + skewMs) {
    const latest = signatureTime(nowMs + skewMs);
    const text = `Signature not yet current: ${at} is still later than ${latest} (${now} + ${skewMinutes} min.)`;
    throw new RequestError('signature-mismatch', text);
  }
  if (expiresSeconds !== undefined) {
    const end = atMs + expiresSeconds * 1000;
    if (end >= nowMs) return;
    const text = `Signature expired: ${signatureTime(end)} is now earlier than ${now}`;
    throw new RequestError('signature-mismatch', text);
  }
  if (atMs < nowMs - skewMs) {
    const earliest = signatureTime(nowMs - skewMs);
    const text = `Signature expired: ${at} is now earlier than ${earliest} (${now} - ${skewMinutes} min.)`;
    throw new RequestError('signature-mismatch', text);
  }
}
