// The limits of the console.

import type { HttpLimits } from '../net/http/http-limits.ts';
import { type AdmissionLimits, apiAdmissionLimits } from '../net/limits.ts';

const kib = 1024;

/** The limits of connections to the console. */
export const consoleAdmissionLimits: AdmissionLimits = {
  ...apiAdmissionLimits,
  connectionCountMax: 500,
  unauthenticatedCountMax: 200,
  unauthenticatedPerSourceMax: 50,
  handshakeCountMax: 64,
  handshakesPerSourceMax: 32,
};

/** Maximum size of a request, bytes: the fields of a form. */
export const bodyBytesMax = 8 * kib;

/** The limits of requests that differ from those of the service's API. */
export const consoleHttpLimits: Partial<HttpLimits> = {
  bodyBytesMax,
  bodyPiecesMax: 256,
  unreadBytesMax: 256 * kib,
};

/** Maximum length of a path or a query, characters. */
export const urlLengthMax = 4 * kib;

/** Maximum number of fields in a form or query. */
export const fieldCountMax = 32;

/** Maximum number of requests that are in progress. */
export const requestCountMax = 64;

/** Maximum length of a filter of a list, characters. The rest is ignored. */
export const filterLengthMax = 255;
/** Page size of lists if the request names none. */
export const pageSizeDefault = 100;
/** Maximum page size of lists. */
export const pageSizeMax = 500;

/** Number of messages that one request browses if it names none. */
export const browseCountDefault = 25;
/** Maximum number of messages that one request browses. */
export const browseCountMax = 100;

/** Maximum number of properties of a message that are shown. */
export const shownPropertyCountMax = 64;
/** Maximum length of a shown name or value of a message, characters. */
export const shownLengthMax = 256;

/** Maximum length of all shown properties of a message together, characters. */
export const shownPropertiesLengthMax = 2048;

/** Size of a body that is shown, bytes; of a larger one, as many bytes from its beginning. */
export const shownBodyBytesMax = 64 * kib;

/** Maximum number of messages that one request sends elsewhere. */
export const transferCountMax = 1000;

/** Length of a list in JSON from which only a few are sent at the same time, characters. */
export const largeAnswerLengthMin = 128 * kib;

/** Maximum length of a client ID or a selector in a list, characters. The rest is not shown. */
export const listedLengthMax = 1000;
/** Maximum number of destinations of a consumer or a subscription that lists show. */
export const listedDestinationCountMax = 20;

/** Maximum size of the request that sends a message, bytes. Text is percent-encoded in it. */
export const sendBodyBytesMax = 1024 * kib;
/** Maximum number of properties of a message that is sent. */
export const sentPropertyCountMax = 64;
/** Maximum size of the header fields and properties of a message that is sent, together, bytes of UTF-8. */
export const sentHeadBytesMax = 48 * kib;

/** Maximum time to live of a message that is sent, milliseconds: about a hundred years. */
export const ttlMsMax = 3_155_760_000_000;

/** Maximum length of a client ID and of the name of a durable subscription, characters. */
export const subscriptionNameLengthMax = 1000;
