// Message groups of ActiveMQ (JMSXGroupID and JMSXGroupSeq).

import type { GroupBudget, GroupMember, GroupRules } from '../dispatch/groups.ts';
import type { Route } from '../exchanges/route-cache.ts';
import type { Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';

/**
 * Maximum number of groups with an assigned consumer in all queues of a broker. Beyond that, the
 * group of a queue that was used least recently is free again, and a queue without groups gets
 * none.
 */
export const brokerGroupCountMax = 1_000_000;

/** The message groups of all queues. A queue dispatches plainly until it gets a message of a group. */
export class MessageGroups {
  readonly #subject: MessageSubject;
  readonly #budget: GroupBudget = { left: brokerGroupCountMax };
  readonly #grouped = new WeakSet<Queue>();
  readonly #countMaxOf: (queue: Queue) => number;

  /** @param countMaxOf returns the maximum number of groups of a queue */
  constructor(host: SubjectHost, countMaxOf: (queue: Queue) => number) {
    this.#subject = new MessageSubject(host);
    this.#countMaxOf = countMaxOf;
  }

  /** The queues of a route get a message of a group. */
  expect({ queues }: Pick<Route, 'queues'>): void {
    for (const queue of queues) {
      if (this.#grouped.has(queue)) continue;
      this.#grouped.add(queue);
      queue.groupBy(this.#rulesOf(queue));
    }
  }

  /** A queue was recovered. Its messages may be in groups. */
  recover(queue: Queue): void {
    if (queue.index.count > 0) queue.groupBy(this.#rulesOf(queue), queue.index.next);
  }

  #rulesOf(queue: Queue): GroupRules {
    const of = (view: Delivery): GroupMember | undefined => {
      const { groupId, groupSequence } = this.#subject.ofView(view).properties;
      if (groupId === undefined || groupId === '') return undefined;
      return { id: groupId, sequence: groupSequence ?? 0 };
    };
    return { of, countMax: Math.max(1, this.#countMaxOf(queue)), budget: this.#budget };
  }
}
