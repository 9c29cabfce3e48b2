// Limits of OpenWire connections.

/** Maximum size of a frame before the log-in, where only small commands are expected, in bytes. */
export const unauthenticatedFrameBytesMax: number = 8 * 1024;

/** Maximum number of frames before the log-in. */
export const unauthenticatedFrameCountMax = 16;

/**
 * Maximum size of a frame in bytes, unless the limit of the broker for bodies is lower. Clients are
 * told it.
 */
export const frameBytesMax: number = 101 * 1024 * 1024;

/** Maximum size of a frame that is not a message, in bytes. */
export const commandBytesMax: number = 256 * 1024;

/** Limits of the structures in one frame. */
export const structureLimits = {
  /** Nesting levels of structures. */
  depthMax: 16,
  /** Nested structures of a frame, and items of a list. */
  countMax: 4096,
} as const;

/** Entries of the cache of each direction that are offered to clients. */
export const cacheSizeMax = 1024;

/** Maximum size of the structures in the cache of received structures, in bytes. */
export const cacheBytesMax: number = 512 * 1024;

/** Maximum size of a stored head, which includes the properties of the message, in bytes. */
export const headBytesMax: number = 256 * 1024;

/** Nesting levels of maps and lists in properties and bodies. */
export const nestedValuesMax = 32;

/** Maximum number of values in the properties, or in a body that is converted. */
export const valueCountMax = 100_000;

/**
 * A compressed body is inflated for a conversion up to this size, in bytes, because zlib inflates it in
 * one call. A larger one stays compressed. See decision 0065.
 */
export const inflatedBytesMax: number = 512 * 1024;
/** The size up to which any compressed body is inflated, in bytes. */
export const inflatedSmallBytes: number = 64 * 1024;
/** The multiple of the compressed size that is allowed beyond that. */
export const inflatedRatioMax = 64;

/** The limits of a connection, as numbers of objects. */
export const countsMax = {
  sessions: 10_000,
  producers: 20_000,
  consumers: 10_000,
  /** Queues that all consumers of a connection consume from. */
  sources: 20_000,
  /** Unsettled deliveries, unless the limit of the broker is lower. */
  unsettled: 262_144,
  transactions: 1000,
  temporaries: 10_000,
} as const;

/**
 * Maximum length of the names of the destinations of all consumers of a connection, and of all
 * producers, in characters.
 */
export const namesLengthMax = 4_194_304;

/** Maximum length of the ids, client ids and subscription names that clients choose, in characters. */
export const idLengthMax = 1024;

/** Maximum time without data that is offered to clients, in milliseconds. */
export const inactivityMs = 30_000;

/** The delay before the first check of it, in milliseconds. */
export const inactivityDelayMs = 10_000;

/** Maximum number of local transactions of one user whose outcome is remembered. */
export const outcomeCountMax = 1000;

/** The same of all users. Beyond it, the user with the most loses some. */
export const outcomeTotalMax = 20_000;

/** How long an outcome is remembered, in milliseconds. */
export const outcomeMs = 600_000;
