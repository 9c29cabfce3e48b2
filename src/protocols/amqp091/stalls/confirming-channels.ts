// Channels with pending confirms.

import type { Channel } from '../channel.ts';

/** The channels of a connection that published in this turn in confirm mode. */
export class ConfirmingChannels {
  #channels: Channel[] = [];

  add(channel: Channel): void {
    this.#channels.push(channel);
  }

  /**
   * Writes the confirms that are due at the end of a turn. Returns whether others wait for the log.
   */
  write(): boolean {
    if (this.#channels.length === 0) return false;
    const channels = this.#channels;
    this.#channels = [];
    let isWaiting = false;
    for (const channel of channels) if (channel.writeConfirms()) isWaiting = true;
    return isWaiting;
  }
}
