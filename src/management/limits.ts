// The limits of the management API.

import type { HttpLimits } from '../net/http/http-limits.ts';
import { type AdmissionLimits, apiAdmissionLimits } from '../net/limits.ts';
import type { ShareLimits } from './shares/share.ts';

const kib = 1024;
const mib = 1024 * kib;

/** The limits of connections to the API. */
export const managementAdmissionLimits: AdmissionLimits = {
  ...apiAdmissionLimits,
  connectionCountMax: 1000,
  unauthenticatedCountMax: 400,
  unauthenticatedPerSourceMax: 100,
  handshakeCountMax: 64,
  handshakesPerSourceMax: 32,
};

/** Maximum size of a request without a limit of its own, bytes. */
export const smallBodyBytesMax = 256 * kib;

/** The limits of requests that differ from those of the service's API. */
export const managementHttpLimits: Partial<HttpLimits> = {
  bodyBytesMax: smallBodyBytesMax,
  bodyPiecesMax: 16 * kib,
  unreadBytesMax: mib,
  refusedDelayMs: 2000,
  pipelinedCountMax: 2,
};

/** Maximum size of a request to publish a message, bytes. */
export const publishBodyBytesMax = 4 * mib;
/** Maximum size of definitions, bytes. */
export const definitionsBodyBytesMax = 32 * mib;

/** Maximum number of requests with large bodies or answers that are being answered; others wait. */
export const largeRequestCountMax = 4;
/** Of them, those of one user. */
export const largeRequestsPerUserMax = 2;
/** Maximum size of the bodies of such requests that wait or are being answered, bytes. */
export const largeBodyBytesMax = 4 * definitionsBodyBytesMax;
/** Of them, those of one user. */
export const largeBodyBytesPerUserMax = largeBodyBytesMax / 2;
/** Maximum number of large answers that are being sent; each has up to {@link getBytesMax}. */
export const largeAnswerCountMax = 16;
/** Of them, those of one user. */
export const largeAnswersPerUserMax = 4;
/** Maximum number of requests that are in progress. */
export const requestCountMax = 256;

/**
 * What the requests of one user may take. Lists of a program that asks for them every few seconds
 * are far below it.
 */
export const userShare: ShareLimits = {
  part: 0.3,
  burstMs: 1000,
  runningCountMax: 4,
  placeCountMax: 40,
};
/** What the requests from one address may take: an IPv4 address, or the /64 network of an IPv6 address. */
export const addressShare: ShareLimits = {
  part: 0.5,
  burstMs: 1500,
  runningCountMax: 8,
  placeCountMax: 80,
};
/** Places that a user has even if others at the same address, such as that of a proxy, have taken all of its places. */
export const keptPlaceCount = 4;
/** Time that a request may have to wait for these shares; otherwise it is refused, milliseconds. */
export const shareWaitMsMax = 10_000;
/** Time of the event loop that every request is charged, for HTTP and TLS, milliseconds. */
export const requestChargeMs = 0.5;
/** The same for each byte of an answer. */
export const byteChargeMs = 1e-5;

/** Maximum nesting of JSON in requests. */
export const jsonDepthMax = 32;

/** Maximum length of a path, characters. */
export const pathLengthMax = 4096;
/** Maximum length of a query, characters. */
export const queryLengthMax = 4096;

/** Page size of lists if the request names none. */
export const pageSizeDefault = 100;
/** Maximum page size of lists. */
export const pageSizeMax = 500;

/** Maximum number of columns in a request. */
export const columnCountMax = 100;

/** Maximum number of messages that one request gets. */
export const getCountMax = 1000;
/** Size of the bodies after which a request gets no more messages, bytes. */
export const getBytesMax = 32 * mib;
