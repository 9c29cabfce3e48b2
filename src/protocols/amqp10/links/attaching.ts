// Attaches: creates links.

import { Undecided } from '../../../broker/logins/undecided.ts';
import { type Attach, compositeCodes } from '../codec/performatives.gen.ts';
import type { Attached } from '../dialect.ts';
import { AmqpError, toAmqpError } from '../errors.ts';
import { nameLengthMax } from '../limits.ts';
import type { Session } from '../session.ts';
import { invalidField, RefusedLink, refusal } from './link.ts';

/**
 * Handles an attach. A link with the same name is ended first.
 *
 * @throws {AmqpError} with scope `session` if the handle cannot be used
 */
export function attach(session: Session, frame: Attach): void {
  const { host } = session;
  session.requireFree(frame.handle);
  const older = host.links.find(frame.name, frame.role);
  if (older === undefined) {
    open(session, frame);
    return;
  }
  const stolen = 'another link with the same name was attached';
  older.isOver = true;
  host.links.remove(older);
  host.answers.say(0, () => {
    const error = new AmqpError('link:stolen', stolen, { scope: 'link' });
    older.session.writeDetach(older.handle, true, error);
  });
  const done = host.guarded(() => {
    older.closed('detached');
    open(session, frame);
  });
  host.gate.finishFirst(older.release('detached'), done);
}

function open(session: Session, frame: Attach): void {
  const { host } = session;
  if (session.isOver) return;
  const { store } = host.broker;
  const definedBefore = store.definedGroup;
  let attached: Attached;
  try {
    attached = attachTerminus(session, frame);
  } catch (thrown) {
    if (thrown instanceof Undecided) host.decisions.repeat(thrown, () => open(session, frame));
    else refuse(session, frame, thrown);
    return;
  }
  const { link, answer } = attached;
  session.add(link);
  host.links.add(link);
  const { definedGroup } = store;
  // Several definitions can be in one group.
  const isChanged = link.isDurable || definedGroup !== definedBefore;
  // Encoded now, because an answer that waits must not hold all values of the frame.
  const bytes = host.frames.encode(session.channel, {
    code: compositeCodes.attach,
    name: frame.name,
    handle: frame.handle,
    role: !frame.role,
    sndSettleMode: frame.sndSettleMode,
    rcvSettleMode: 0,
    ...answer,
  });
  const send = (): void => {
    if (session.isOver) return;
    host.outbox.append(bytes, 0, bytes.length);
    // A link may have failed before. The peer is sent its attach, and then the detach.
    if (!link.isOver) link.begin();
  };
  host.answers.say(isChanged ? definedGroup : 0, send, bytes.length);
}

function refuse(session: Session, frame: Attach, thrown: unknown): void {
  const error = toAmqpError(thrown, 'link');
  if (error.scope === 'session') {
    session.fail(error);
    return;
  }
  if (error.scope !== 'link') {
    session.host.failed(thrown);
    return;
  }
  const link = new RefusedLink(session, frame);
  session.add(link);
  const { answers, frames, outbox } = session.host;
  const { handle } = frame;
  const bytes = frames.encode(session.channel, refusal(frame));
  const send = (): void => {
    if (session.isOver) return;
    outbox.append(bytes, 0, bytes.length);
    session.writeDetach(handle, true, error);
  };
  answers.say(0, send, bytes.length);
}

function attachTerminus(session: Session, frame: Attach): Attached {
  if (frame.name.length > nameLengthMax) {
    const found = `a link name of ${frame.name.length} characters`;
    throw invalidField(`${found} is longer than the maximum of ${nameLengthMax}`);
  }
  session.host.links.requireRoom();
  return session.host.dialect.attach(session, frame);
}
