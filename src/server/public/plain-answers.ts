// Answers to clients without TLS on ports that brokers of several kinds share.

import type { ListenerOffer, ProtocolName } from '../../control/offers/offer.ts';
import { allOffers } from '../../control/offers/offers.ts';
import { answerPlainHttp } from '../../net/http/plain-http.ts';

type Answer = (bytes: Buffer, isWebSocket: boolean) => Buffer;

/** Only those of the protocols of shared ports are loaded. */
const answers: Readonly<Record<ProtocolName, () => Promise<{ readonly answerPlain: Answer }>>> = {
  amqp091: () => import('../../protocols/amqp091/plain-answer.ts'),
  amqp10: () => import('../../protocols/amqp10/plain-answer.ts'),
  openwire: () => import('../../protocols/openwire/plain-answer.ts'),
  stomp: () => import('../../protocols/stomp/plain-answer.ts'),
  mqtt: () => import('../../protocols/mqtt/plain-answer.ts'),
};

/**
 * Loads what answers clients without TLS on a port.
 *
 * @param names the listeners that have the port
 * @returns a function from the first bytes of a client to the answer, which is empty for unknown protocols
 */
export async function plainAnswersOf(names: readonly string[]): Promise<(bytes: Buffer) => Buffer> {
  const listeners = listenersNamed(names);
  const schemes = [...new Set(listeners.map(({ scheme }) => scheme))];
  const kinds = listeners.flatMap(({ protocols, isWebSocket }) =>
    protocols.map(async (name) => {
      const { answerPlain } = await answers[name]();
      return (bytes: Buffer) => answerPlain(bytes, isWebSocket);
    }),
  );
  const all = await Promise.all(kinds);
  return (bytes) => {
    const http = answerPlainHttp(bytes, schemes);
    if (http !== undefined) return http;
    for (const answer of all) {
      const found = answer(bytes);
      if (found.length > 0) return found;
    }
    return Buffer.alloc(0);
  };
}

/** Listeners of WebSocket come last: other clients of their protocols rather want another one. */
function listenersNamed(names: readonly string[]): ListenerOffer[] {
  return allOffers
    .flatMap(({ listeners }) => listeners)
    .filter(({ name }) => names.includes(name))
    .sort((a, b) => Number(a.isWebSocket) - Number(b.isWebSocket));
}
