// Limits of AMQP 1.0 connections.

/** Maximum size of a received frame, in bytes, as announced. */
export const frameBytesMax = 131_072;

/** Maximum size of a frame before the log-in, in bytes. */
export const unauthenticatedFrameBytesMax = 4096;

/** Minimum of the maximum frame size of a peer, in bytes (2.8.12). */
export const peerFrameBytesMin = 512;

/** The highest channel number, as announced. A connection has one session per channel. */
export const channelMax = 1023;

/** The highest handle of a session, as announced. */
export const handleMax = 4095;

/** Maximum number of links of a connection. */
export const linkCountMax = 10_000;

/**
 * Maximum number of handles of a connection. Links that the broker has ended have a handle until the
 * peer detaches them.
 */
export const handleCountMax = 2 * linkCountMax;

/** Maximum number of queues that all links of a connection consume from. */
export const sourceCountMax = 20_000;

/**
 * Maximum number of transfer frames that a peer sends in a session before it must wait for a flow.
 */
export const incomingWindow = 2048;

/** Maximum number of frames of one message that are written in one turn of the event loop. */
export const framesPerTurnMax = 1024;

/** Maximum number of filters of a source. */
export const filterCountMax = 32;

/** The credit of a link on which the peer sends. */
export const linkCredit = 1000;

/** The credit of a link to a destination whose memory is limited. */
export const limitedCredit = 16;

/** The share of the credit at which it is topped up. */
export const linkCreditShare = 0.3;

/** Maximum number of unsettled deliveries of a connection, unless the limit of the broker is lower. */
export const unsettledCountMax = 65_536;

/** Maximum size of a message, in bytes, unless the limit of the broker is lower. */
export const messageBytesMax = 100 * 1024 * 1024;

/** Maximum size of the sections of a message before its body, in bytes. */
export const headBytesMax = 256 * 1024;

/** Maximum number of body sections of a message. */
export const bodySectionCountMax = 10_000;

/** Maximum nesting of lists, maps, arrays and described values. */
export const depthMax = 32;

/** Maximum number of values in one frame, or in the sections of a message before its body. */
export const itemCountMax = 65_536;

/** Maximum number of message annotations of an outcome. */
export const annotationCountMax = 1024;

/** Maximum length of a delivery tag, in bytes (2.8.7). */
export const tagBytesMax = 32;

/** Maximum length of a container id or link name, in characters. */
export const nameLengthMax = 1024;

/** Maximum number of open transactions of a connection. */
export const transactionCountMax = 1000;

/** Maximum number of temporary destinations of a connection. */
export const temporaryCountMax = 10_000;

/** Announced idle timeout, in milliseconds. A peer that is silent for twice as long is disconnected. */
export const idleTimeoutMs = 15_000;

/** Minimum idle timeout of a peer, in milliseconds. Ticks come twice a second. */
export const peerIdleTimeoutMsMin = 1000;
