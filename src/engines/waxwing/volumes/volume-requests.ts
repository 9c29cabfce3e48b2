// The calls of the service to the volume of a broker process that are not answered yet.

import { WaxwingError } from '../../../base/errors.ts';
import type { VolumeAnswer, VolumeCall, VolumeResults } from './volume-calls.ts';

interface Waiting {
  readonly resolve: (result: VolumeResults[VolumeCall['kind']] | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Matches answers with calls. */
export class VolumeRequests {
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  /**
   * Sends a call.
   *
   * @param send receives the number of the request
   * @returns undefined if the process ends before it answers
   * @throws {WaxwingError} the error of the volume
   */
  call<Kind extends VolumeCall['kind']>(
    send: (request: number) => void,
  ): Promise<VolumeResults[Kind] | undefined> {
    const request = ++this.#count;
    const answered = new Promise<VolumeResults[VolumeCall['kind']] | undefined>(
      (resolve, reject) => {
        this.#waiting.set(request, { resolve, reject });
      },
    );
    send(request);
    return answered as Promise<VolumeResults[Kind] | undefined>; // the answer is that of the call
  }

  /** An answer has arrived. */
  answered(request: number, answer: VolumeAnswer): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new WaxwingError(answer.failure.code, answer.failure.message));
  }

  /** The process has ended. */
  ended(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
