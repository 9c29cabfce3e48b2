// The keep-alive of MQTT.

/** A silent client is disconnected after the agreed time multiplied by this. [MQTT-3.1.2-22] */
const grace = 1.5;

/** Maximum time between two ticks, in milliseconds. */
const tickMs = 500;

/** Decides when a silent client is disconnected. */
export class KeepAlive {
  #expectMs = 0;
  #receivedAtMs = -1;

  /** @param seconds maximum time between two packets of the client; 0 for no limit */
  start(seconds: number): void {
    this.#expectMs = seconds * 1000;
  }

  /**
   * @param hasReceived whether data of the client arrived since the previous tick
   * @returns whether the client has been silent for too long
   */
  tick(nowMs: number, hasReceived: boolean): boolean {
    if (hasReceived || this.#receivedAtMs < 0) this.#receivedAtMs = nowMs;
    return this.#expectMs > 0 && nowMs - this.#receivedAtMs > this.#expectMs * grace + tickMs;
  }
}
