// The commands of a cluster that are in progress.

/** Waits for commands, until nothing is to be waited for any more. */
export class Commands {
  readonly #giveUps = new Set<(reason: Error) => void>();

  /**
   * Waits for a command.
   *
   * @throws what the command throws; the reason of {@link giveUp}
   */
  wait<T>(command: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#giveUps.add(reject);
      void command.then(resolve, reject).finally(() => this.#giveUps.delete(reject));
    });
  }

  /** Makes all waits fail at once. The commands themselves end with their nodes. */
  giveUp(reason: Error): void {
    for (const giveUp of this.#giveUps) giveUp(reason);
    this.#giveUps.clear();
  }
}
