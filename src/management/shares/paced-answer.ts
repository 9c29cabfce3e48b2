// Answers that are sent in pieces, at the pace that the share of their user permits.

import type { Answer } from '../answers.ts';
import { byteChargeMs } from '../limits.ts';
import type { Place } from './shares.ts';

/** Counts an answer as sent when it is ready, or when its stream has ended or was given up. */
export function paced(answer: Answer, place: Place): Answer {
  place.answered();
  if (!('stream' in answer)) {
    place.charge(answer.body.length * byteChargeMs);
    place.end();
    return answer;
  }
  const { stream } = answer;
  return { ...answer, stream: { [Symbol.asyncIterator]: () => inTurn(stream, place) } };
}

/** No generator: `return` of one that has not begun would not end the place. */
function inTurn(stream: AsyncIterable<Uint8Array>, place: Place): AsyncIterator<Uint8Array> {
  const inner = stream[Symbol.asyncIterator]();
  return {
    next: async () => {
      try {
        await place.more();
        const result = await inner.next();
        if (result.done === true) place.end();
        else place.charge(result.value.length * byteChargeMs);
        return result;
      } catch (error) {
        place.end();
        throw error;
      }
    },
    return: async () => {
      place.end();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
}
