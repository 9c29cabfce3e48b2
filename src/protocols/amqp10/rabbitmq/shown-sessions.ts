// The description of sessions and their links for administration.

import type {
  IncomingLinkInfo,
  OutgoingLinkInfo,
  SessionInfo,
} from '../../../broker/rabbitmq/model.ts';
import { handleMax } from '../limits.ts';
import type { Link } from '../links/link.ts';
import type { Session } from '../session.ts';
import { queueAddress } from './addresses.ts';
import { ConsumingLink } from './links/consuming-link.ts';
import { PublishingLink } from './links/publishing-link.ts';
import { RequestLink } from './management/request-link.ts';
import { ResponseLink } from './management/response-link.ts';

/** The address of the management node. */
const managementNode = '/management';

/** Describes a session. */
export function shownSession(session: Session): SessionInfo {
  const links = [...session.links].filter(({ isOver }) => !isOver);
  return {
    number: session.channel,
    handleMax,
    ...session.windows,
    unsettledCount: session.unsettled.count,
    incoming: links.flatMap((link) => incomingLink(link) ?? []),
    outgoing: links.flatMap((link) => outgoingLink(link) ?? []),
  };
}

function incomingLink(link: Link): IncomingLinkInfo | undefined {
  const { handle, name } = link;
  if (link instanceof PublishingLink) {
    const { counts, shownAddress: targetAddress } = link;
    return { handle, name, ...counts, isSettled: link.isSettledByPeer, targetAddress };
  }
  if (!(link instanceof RequestLink)) return undefined;
  return { handle, name, ...link.counts, isSettled: true, targetAddress: managementNode };
}

function outgoingLink(link: Link): OutgoingLinkInfo | undefined {
  const { handle, name } = link;
  if (link instanceof ConsumingLink) {
    const { counts, isSettled, bytesMax } = link;
    const { name: queue } = link.queue;
    const sourceAddress = queueAddress(queue);
    return { handle, name, ...counts, bytesMax, isSettled, sourceAddress, queue };
  }
  if (!(link instanceof ResponseLink)) return undefined;
  const sourceAddress = managementNode;
  return { handle, name, ...link.counts, isSettled: true, sourceAddress, queue: '' };
}
