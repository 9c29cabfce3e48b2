import { RequestError } from '../errors.ts';

/** Minutes that a caller's clock may differ from ours. */
const skewMinutes = 5;
const minuteMs = 60_000;

const basicIso = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** A moment as signatures write it: `YYYYMMDDTHHMMSSZ`. */
export function signatureTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/**
 * Reads the time of a signature.
 *
 * @param text `YYYYMMDDTHHMMSSZ`, or a date as HTTP writes it (RFC 9110, 5.6.7)
 * @returns milliseconds since 1970, or undefined where it is neither
 */
export function readSignatureTime(text: string): number | undefined {
  const parts = basicIso.exec(text);
  if (!parts && !httpDate.test(text)) return undefined;
  const ms = Date.parse(parts ? text.replace(basicIso, '$1-$2-$3T$4:$5:$6Z') : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Checks that a signature's time is near enough to now.
 *
 * @param expiresSeconds for how long it is good, where it says so itself (presigned requests)
 * @throws {RequestError} `signature-mismatch`, as AWS answers to a wrong clock
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
