/** What has happened since the broker's process began; each number only ever grows. */
export class Counters {
  /** Messages from clients, dead letters not among them. */
  published = 0;
  /** Of those, messages that no queue took. */
  unrouted = 0;
  /** Of those, messages that a full queue refused. */
  refused = 0;
  confirmed = 0;
  /** Deliveries of queues that are deleted; each living queue counts its own. */
  delivered = 0;
  /** Deliveries that were accepted or rejected, of queues that are deleted. */
  settled = 0;
  deadLettered = 0;
}
