// Limits of MQTT connections.

/** Maximum size of the content of a packet before the log-in, in bytes: only CONNECT is expected. */
export const unauthenticatedPacketBytesMax = 16 * 1024;

/**
 * Maximum size of a packet in bytes, unless the limit of the broker is lower. MQTT 5 clients are told
 * as Maximum Packet Size.
 */
export const packetBytesMax = 100 * 1024 * 1024;

/** Maximum size of the content of a packet other than PUBLISH, in bytes. */
export const controlPacketBytesMax = 1024 * 1024;

/** Maximum length of the properties of a packet, in bytes. */
export const propertyBytesMax = 128 * 1024;

/** Maximum number of properties of a packet. */
export const propertyCountMax = 1000;

/** Maximum length of a client id, in bytes. */
export const clientIdBytesMax = 1024;

/** Maximum length of a topic name or filter, in bytes. */
export const topicBytesMax = 4096;

/** Maximum number of levels of a topic name or filter. */
export const topicLevelCountMax = 200;

/** Maximum number of filters in one SUBSCRIBE or UNSUBSCRIBE packet. */
export const packetFilterCountMax = 10_000;

/** Maximum number of subscriptions of a session. */
export const subscriptionCountMax = 10_000;

/**
 * Maximum number of levels of the filters of a session that have many levels and many `+`. A message may
 * be compared with all of them.
 */
export const deepLevelCountMax = 10_000;

/** Maximum number of shared subscriptions of a session. Each is a queue to consume from. */
export const sharedCountMax = 1000;

/** Maximum number of messages in flight to a client, unless it allows fewer. */
export const inFlightCountMax = 1000;

/**
 * Maximum number of messages with quality of service above 0 from a client that are not yet
 * acknowledged. MQTT 5 clients are told as Receive Maximum. Other clients are limited by the number of
 * packet ids.
 */
export const receiveCountMax = 4096;

/** What a stored will counts besides the size of its fields, in bytes. */
export const storedWillBytes = 512;

/**
 * Time after a start in which due wills are not published, in milliseconds: most clients that the stop has
 * disconnected are back then and receive them.
 */
export const willPauseMs = 5000;

/** Maximum topic alias that clients can use. */
export const receiveAliasMax = 64;

/** Maximum number of topic aliases for messages to a client, unless it allows fewer. */
export const sendAliasMax = 64;

/** Ready messages of a queue from which on no more retained messages are added to it. */
export const retainedAheadCountMax = 64;

/** The same, in bytes of their bodies. */
export const retainedAheadBytesMax = 1024 * 1024;
